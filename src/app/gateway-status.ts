import type { Role, RoleState } from './ipc.ts';

/** What the supervisor last said about all roles; the web role answers /readyz from it. */
export class GatewayStatus {
  #roles: Readonly<Record<string, RoleState>> = {};

  update(roles: Readonly<Record<string, RoleState>>): void {
    this.#roles = roles;
  }

  get roles(): Readonly<Record<string, RoleState>> {
    return this.#roles;
  }

  /** Why the gateway is not ready, a sentence each; empty = ready. `self` speaks for itself and is left out. */
  unready(self: Role): string[] {
    return Object.entries(this.#roles)
      .filter(([role]) => role !== self)
      .flatMap(([role, state]) => (state.state === 'running' ? state.unready.map((reason) => `${role}: ${reason}`) : [`${role} is ${state.state}`]));
  }
}
