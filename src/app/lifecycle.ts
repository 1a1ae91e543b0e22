import type { Clock } from '../foundation/clock.ts';
import { within } from '../foundation/deadline.ts';
import { asGatewayError } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import type { Component } from './component.ts';

/**
 * Starts components in order and stops them in reverse. On the way down every component first stops taking new work (the last
 * listed, the listener, first); only then are they stopped, all within one deadline. A component that fails to stop, or takes too
 * long, is logged and does not keep the others from stopping.
 */
export class Lifecycle {
  readonly #log: Log;
  readonly #clock: Clock;
  #running: Component[] = [];

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Starts all; if one fails, what was started is stopped again and the failure is passed on. */
  async start(components: readonly Component[], stopDeadlineMs: number): Promise<void> {
    for (const component of components) {
      try {
        await component.start();
        this.#running.push(component);
        this.#log.debug('lifecycle.started', { component: component.name });
      } catch (thrown) {
        this.#log.error('lifecycle.start-failed', { component: component.name, code: asGatewayError(thrown).code });
        await this.stop(stopDeadlineMs);
        throw thrown;
      }
    }
  }

  /** Reasons why a running component is not ready, its name in front. */
  unready(): string[] {
    return this.#running.flatMap((component) => (component.unready?.() ?? []).map((reason) => `${component.name}: ${reason}`));
  }

  /** SIGHUP. */
  reload(): void {
    for (const component of this.#running) component.reload?.();
  }

  async stop(deadlineMs: number): Promise<void> {
    const endsAt = this.#clock.monotonic() + deadlineMs;
    const components = this.#running.reverse();
    this.#running = [];
    for (const component of components) {
      await this.#attempt(component, 'quiesce', endsAt, async () => component.quiesce?.());
    }
    for (const component of components) {
      await this.#attempt(component, 'stop', endsAt, (leftMs) => component.stop(leftMs));
    }
  }

  async #attempt(component: Component, what: string, endsAt: number, action: (leftMs: number) => Promise<void>): Promise<void> {
    // Even when the time is over each component gets a moment to close what it holds.
    const leftMs = Math.max(250, Math.ceil(endsAt - this.#clock.monotonic()));
    try {
      await within(action(leftMs), leftMs + 250, `${what} of ${component.name}`);
    } catch (thrown) {
      const failure = asGatewayError(thrown);
      this.#log.warn('lifecycle.stop-failed', { component: component.name, what, code: failure.code, reason: failure.message });
    }
  }
}
