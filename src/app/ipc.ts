import type { Failure } from '../foundation/errors.ts';

/** The processes a gateway consists of. */
export const allRoles = ['intake', 'web', 'work'] as const;
export type Role = (typeof allRoles)[number];

/** Supervisor → role process. */
export type ToRole =
  | { readonly kind: 'metrics'; readonly role: Role; readonly metrics: unknown }
  | { readonly kind: 'start'; readonly databaseUrl: string; readonly configFile: string | null }
  | { readonly kind: 'gateway'; readonly roles: Readonly<Record<string, RoleState>> }
  /** SIGHUP came: read certificates again. */
  | { readonly kind: 'reload' }
  | { readonly kind: 'stop'; readonly deadlineMs: number };

/** Role process → supervisor. */
export type FromRole =
  /** prom-client's JSON form; goes on to the web role, which answers /metrics for all. */
  | { readonly kind: 'metrics'; readonly metrics: unknown }
  | { readonly kind: 'ready'; readonly addresses: Readonly<Record<string, string>> }
  | { readonly kind: 'health'; readonly unready: readonly string[] }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly failure: Failure };

export interface RoleState {
  readonly state: 'starting' | 'running' | 'restarting' | 'stopping';
  readonly pid: number | null;
  readonly restarts: number;
  /** Why it is not ready; empty = ready. */
  readonly unready: readonly string[];
}
