import type { Component } from '../component.ts';
import type { RoleContext } from '../role-context.ts';

/** The components of the web role, in start order. */
export function webComponents(_context: RoleContext): readonly Component[] {
  return [];
}
