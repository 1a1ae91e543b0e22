import { GatewayError } from '../foundation/errors.ts';
import { InstanceIntake } from '../stages/intake/instance-intake.ts';
import type { ArrivalGroup, IncomingInstance, InstanceArrival, InstanceReceiver } from '../stages/intake/receive-instance.ts';
import type { Component } from './component.ts';
import type { DimseConfig } from './config/schema.ts';
import type { RoleContext } from './role-context.ts';
import { segmentOptions } from './segment-writer-component.ts';

const MiB = 1 << 20;

/** Intake of one process: its segments, its index. The edges that feed it are made before it has started, and call it after. */
export class IntakeComponent implements Component, InstanceReceiver {
  readonly name = 'intake';
  readonly #context: RoleContext;
  readonly #writerName: string;
  readonly #protocol: 'dimse' | 'stow';
  #intake: InstanceIntake | undefined;

  /** @param writerName  folder of its segments; one process, one writer */
  constructor(context: RoleContext, writerName: string, protocol: 'dimse' | 'stow') {
    this.#context = context;
    this.#writerName = writerName;
    this.#protocol = protocol;
  }

  async start(): Promise<void> {
    const { config, database, clock, log, metrics } = this.#context;
    this.#intake = await InstanceIntake.start({ database, protocol: this.#protocol, clock, log, metrics, limits: headerLimits(config.dimse), segments: segmentOptions(config, this.#writerName) });
  }

  async stop(deadlineMs: number): Promise<void> {
    await this.#intake?.stop(deadlineMs);
  }

  unready(): readonly string[] {
    return this.#intake?.recovered === true ? [] : ['what the segments hold is being indexed'];
  }

  hasRoom(): boolean {
    return this.#intake?.hasRoom() === true;
  }

  opened(group: ArrivalGroup): void {
    this.#started.opened(group);
  }

  begin(arrival: InstanceArrival): IncomingInstance {
    return this.#started.begin(arrival);
  }

  settle(groupId: string, how: 'released' | 'aborted', signal: AbortSignal): Promise<void> {
    return this.#started.settle(groupId, how, signal);
  }

  get #started(): InstanceIntake {
    if (this.#intake === undefined) throw new GatewayError('INTAKE_NOT_STARTED', 'intake is not started', { failure: 'transient' });
    return this.#intake;
  }
}

/** What an instance may hold before its pixel data, over whatever protocol it comes. */
function headerLimits(dimse: DimseConfig): { readonly maxDepth: number; readonly maxElementBytes: number; readonly maxHeaderBytes: number } {
  return { maxDepth: dimse.maxSequenceDepth, maxElementBytes: dimse.maxElementMegabytes * MiB, maxHeaderBytes: dimse.maxHeaderMegabytes * MiB };
}
