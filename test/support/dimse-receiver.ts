import { Buffer } from 'node:buffer';
import type { ArrivalGroup, IncomingInstance, InstanceArrival, InstanceReceiver, StoreOutcome } from '../../src/stages/intake/receive-instance.ts';

/** What a test's receiver has taken of one instance. */
export interface ReceivedInstance {
  readonly arrival: InstanceArrival;
  readonly parts: Buffer[];
  state: 'coming' | 'finished' | 'abandoned';
  answer(outcome: StoreOutcome): void;
}

/** An InstanceReceiver that keeps everything in memory. `outcome` is the answer to each instance; without it the test answers by hand. */
export class MemoryReceiver implements InstanceReceiver {
  readonly instances: ReceivedInstance[] = [];
  readonly groups: ArrivalGroup[] = [];
  readonly settled: { readonly groupId: string; readonly how: string }[] = [];
  outcome: StoreOutcome | undefined = { kind: 'stored' };
  /** What `write` returns. */
  pressure: () => Promise<void> | undefined = () => undefined;
  /** What `settle` waits for. */
  settling: Promise<void> = Promise.resolve();

  opened(group: ArrivalGroup): void {
    this.groups.push(group);
  }

  begin(arrival: InstanceArrival): IncomingInstance {
    let answer: (outcome: StoreOutcome) => void = () => {};
    const answered = new Promise<StoreOutcome>((resolve) => {
      answer = resolve;
    });
    const instance: ReceivedInstance = { arrival, parts: [], state: 'coming', answer };
    this.instances.push(instance);
    return {
      write: (chunk) => {
        instance.parts.push(Buffer.from(chunk));
        return this.pressure();
      },
      finish: () => {
        instance.state = 'finished';
        if (this.outcome !== undefined) answer(this.outcome);
        return answered;
      },
      abandon: () => {
        instance.state = 'abandoned';
      },
    };
  }

  async settle(groupId: string, how: 'released' | 'aborted'): Promise<void> {
    this.settled.push({ groupId, how });
    await this.settling;
  }

  bytesOf(index: number): Buffer {
    return Buffer.concat(this.instances[index]!.parts);
  }
}
