import type { Tx } from '../../store/database.ts';
import { ledgerDeliveries, ledgerObjects, ledgerStudy, type LedgerDeliveryRow, type LedgerObjectRow, type LedgerStudyRow } from '../../store/ledger.ts';

/**
 * How far an object came at a destination. `accepted`: the peer answered for it; `committed`: it also proved that it keeps it.
 * `waiting` with a time in `sentAt` was tried before.
 */
export type LedgerStep = 'waiting' | 'sending' | 'accepted' | 'committed' | 'dead' | 'held' | 'cancelled';

export interface LedgerDelivery {
  readonly messageId: number;
  readonly destination: string;
  readonly step: LedgerStep;
  readonly attempts: number;
  readonly sentAt: Date | null;
  readonly acceptedAt: Date | null;
  readonly committedAt: Date | null;
  /** The peer's proof is expected and has not come, since then; null = proven, not that far, or this destination gives none. */
  readonly unprovenSince: Date | null;
  readonly reason: string | null;
  readonly code: string | null;
}

export interface LedgerObject {
  readonly kind: 'original' | 'result';
  readonly sopInstanceUid: string | null;
  readonly role: string | null;
  /** Originals: when the sender was told that it is kept (its bytes were durable before). */
  readonly receivedAt: Date | null;
  /** Results: when the run that made them ended, and which. */
  readonly producedAt: Date | null;
  readonly producedBy: string | null;
  /** Results pass our own check before they leave; false = held for a fault. */
  readonly validated: boolean | null;
  /** Its bytes were read again since. */
  readonly digested: boolean;
  readonly usedByRuns: readonly number[];
  readonly deliveries: readonly LedgerDelivery[];
}

export interface StudyLedger {
  readonly study: LedgerStudyRow;
  readonly objects: readonly LedgerObject[];
  readonly destinations: readonly DestinationSum[];
}

export interface DestinationSum {
  readonly destination: string;
  /** False: it answers and offers no proof beyond that. */
  readonly proves: boolean;
  readonly steps: Readonly<Partial<Record<LedgerStep, number>>>;
  readonly unproven: number;
  readonly unprovenSince: Date | null;
}

const MOST_OBJECTS = 20_000;
const MOST_DELIVERIES = 100_000;

/**
 * The ledger of one study: each object, what became of it here and at each destination; undefined when the study is unknown.
 *
 * @param proving  names of the destinations that prove what they took
 */
export async function studyLedger(tx: Tx, studyInstanceUid: string, proving: ReadonlySet<string>): Promise<StudyLedger | undefined> {
  const study = await ledgerStudy(tx, studyInstanceUid);
  if (study === undefined) return undefined;
  const rows = await ledgerObjects(tx, studyInstanceUid, MOST_OBJECTS);
  const deliveries = await ledgerDeliveries(tx, studyInstanceUid, MOST_DELIVERIES);
  const byObject = new Map<string, LedgerDelivery[]>();
  const refused = new Set<string>();
  for (const row of deliveries) {
    const key = `${row.purpose} ${row.object_id}`;
    const list = byObject.get(key);
    if (list === undefined) byObject.set(key, [deliveryOf(row, proving)]);
    else list.push(deliveryOf(row, proving));
    if (row.state === 'held' && row.waiting_for?.includes('did not pass its check') === true) refused.add(key);
  }
  const objects = rows.map((row) => {
    const key = `${row.purpose} ${row.id}`;
    return objectOf(row, byObject.get(key) ?? [], !refused.has(key));
  });
  return { study, objects, destinations: sumsOf(objects, proving) };
}

const steps: Readonly<Record<string, LedgerStep>> = { pending: 'waiting', sending: 'sending', delivered: 'accepted', proven: 'committed', dead: 'dead', held: 'held', cancelled: 'cancelled' };

function deliveryOf(row: LedgerDeliveryRow, proving: ReadonlySet<string>): LedgerDelivery {
  const step = steps[row.state] ?? 'waiting';
  return {
    messageId: row.id, destination: row.destination, step, attempts: row.attempts, sentAt: row.sent_at, acceptedAt: row.delivered_at, committedAt: row.proven_at,
    unprovenSince: step === 'accepted' && proving.has(row.destination) ? row.delivered_at : null,
    reason: row.waiting_for, code: step === 'accepted' || step === 'committed' ? null : row.code,
  };
}

function objectOf(row: LedgerObjectRow, deliveries: readonly LedgerDelivery[], validated: boolean): LedgerObject {
  const original = row.purpose === 'forward';
  return {
    kind: original ? 'original' : 'result',
    sopInstanceUid: row.sop_instance_uid,
    role: row.role,
    receivedAt: original ? row.at : null,
    producedAt: original ? null : row.at,
    producedBy: row.model,
    validated: original ? null : validated,
    digested: row.digested,
    usedByRuns: row.used_by,
    deliveries,
  };
}

function sumsOf(objects: readonly LedgerObject[], proving: ReadonlySet<string>): DestinationSum[] {
  const sums = new Map<string, { steps: Partial<Record<LedgerStep, number>>; unproven: number; since: Date | null }>();
  for (const { destination, step, unprovenSince } of objects.flatMap((object) => object.deliveries)) {
    const sum = sums.get(destination) ?? { steps: {}, unproven: 0, since: null };
    sum.steps[step] = (sum.steps[step] ?? 0) + 1;
    if (unprovenSince !== null) {
      sum.unproven += 1;
      if (sum.since === null || unprovenSince < sum.since) sum.since = unprovenSince;
    }
    sums.set(destination, sum);
  }
  return [...sums].map(([destination, sum]) => ({ destination, proves: proving.has(destination), steps: sum.steps, unproven: sum.unproven, unprovenSince: sum.since }));
}
