import type { Component } from '../component.ts';
import type { RoleContext } from '../role-context.ts';

/** The components of the intake role, in start order. */
export function intakeComponents(_context: RoleContext): readonly Component[] {
  return [];
}
