import type { Component } from '../component.ts';
import type { RoleContext } from '../role-context.ts';

/** The components of the work role, in start order. */
export function workComponents(_context: RoleContext): readonly Component[] {
  return [];
}
