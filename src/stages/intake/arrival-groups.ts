import type { Clock } from '../../foundation/clock.ts';
import type { GroupArrival } from '../../store/arrival.ts';
import type { ArrivedRecord } from './decide-batch.ts';
import type { ArrivalGroup } from './receive-instance.ts';

interface OpenGroup {
  readonly group: ArrivalGroup;
  readonly openedAt: Date;
  /** Records acknowledged (or refused and kept). */
  durable: number;
  indexed: number;
  closing: { readonly at: Date; readonly how: 'released' | 'aborted' } | undefined;
  waiting: (() => void)[];
}

/** Counts, per association or request, what is durable and what is indexed, so that its end can wait for the rest. */
export class ArrivalGroups {
  readonly #clock: Clock;
  readonly #open = new Map<string, OpenGroup>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#open.size;
  }

  get(groupId: string): ArrivalGroup | undefined {
    return this.#open.get(groupId)?.group;
  }

  opened(group: ArrivalGroup): void {
    if (this.#open.has(group.groupId)) return;
    this.#open.set(group.groupId, { group, openedAt: new Date(this.#clock.now()), durable: 0, indexed: 0, closing: undefined, waiting: [] });
  }

  /** A record of the group became durable and will be indexed. */
  noteDurable(groupId: string): void {
    const open = this.#open.get(groupId);
    if (open !== undefined) open.durable += 1;
  }

  /** The group ended; resolves when everything of it is indexed and its end recorded. At once when it brought nothing. */
  close(groupId: string, how: 'released' | 'aborted'): Promise<void> {
    const open = this.#open.get(groupId);
    if (open === undefined) return Promise.resolve();
    if (open.durable === 0) {
      this.#open.delete(groupId);
      return Promise.resolve();
    }
    open.closing ??= { at: new Date(this.#clock.now()), how };
    return new Promise((resolve) => {
      open.waiting.push(resolve);
    });
  }

  /** True when a group waits for its last records: the indexer must not linger. */
  get hasClosing(): boolean {
    for (const open of this.#open.values()) if (open.closing !== undefined) return true;
    return false;
  }

  /** Rows for the groups of these records, and for groups that end with them. */
  rowsFor(records: readonly ArrivedRecord[]): GroupArrival[] {
    const counts = countByGroup(records);
    const firsts = new Map<string, ArrivedRecord>();
    for (const arrived of records) if (!firsts.has(arrived.record.groupId)) firsts.set(arrived.record.groupId, arrived);
    const rows = [...counts].map(([groupId, instances]) => this.#rowOf(groupId, instances, firsts.get(groupId)!));
    for (const [groupId, open] of this.#open) {
      if (!counts.has(groupId) && open.closing !== undefined && open.indexed >= open.durable) rows.push(rowOfOpen(open, 0, true));
    }
    return rows;
  }

  /** The rows of `rowsFor` are committed. */
  noteIndexed(records: readonly ArrivedRecord[]): void {
    for (const [groupId, instances] of countByGroup(records)) {
      const open = this.#open.get(groupId);
      if (open !== undefined) open.indexed += instances;
    }
  }

  /** Groups whose end is recorded leave, and whoever waited for them goes on. */
  noteClosed(rows: readonly GroupArrival[]): void {
    for (const row of rows) {
      const open = row.closedAt === null ? undefined : this.#open.get(row.groupId);
      if (open === undefined) continue;
      this.#open.delete(row.groupId);
      for (const resolve of open.waiting) resolve();
    }
  }

  #rowOf(groupId: string, instances: number, first: ArrivedRecord): GroupArrival {
    const open = this.#open.get(groupId);
    if (open !== undefined) return rowOfOpen(open, instances, open.closing !== undefined && open.indexed + instances >= open.durable);
    // Of an earlier process: nobody is at the other end any more.
    const { record } = first;
    const at = new Date(record.receivedAt);
    return { groupId, protocol: record.protocol === 'stow' ? 'stow' : 'dimse', callingAe: record.callingAe, calledAe: record.calledAe, remoteAddress: record.remoteAddress, openedAt: at, instances, closedAt: at, outcome: 'aborted' };
  }
}

function rowOfOpen(open: OpenGroup, instances: number, ends: boolean): GroupArrival {
  const { groupId, protocol, callingAe, calledAe, remoteAddress } = open.group;
  return {
    groupId, protocol, callingAe, calledAe, remoteAddress, openedAt: open.openedAt, instances,
    closedAt: ends ? open.closing!.at : null, outcome: ends ? open.closing!.how : null,
  };
}

function countByGroup(records: readonly ArrivedRecord[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { record } of records) counts.set(record.groupId, (counts.get(record.groupId) ?? 0) + 1);
  return counts;
}
