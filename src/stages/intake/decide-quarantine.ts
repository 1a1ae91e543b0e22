import type { Clock } from '../../foundation/clock.ts';
import { GatewayError } from '../../foundation/errors.ts';
import { resolveAlert } from '../../store/alert.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Database, Tx } from '../../store/database.ts';
import type { InstanceHeader } from '../../store/instance-header.ts';
import { insertInstances, supersedeActive } from '../../store/instance.ts';
import { markDecided, quarantinedById, undecidedOf, type QuarantinedRow, type QuarantineReason } from '../../store/quarantine.ts';
import { blobAddressOf } from '../../store/segments/blob-address.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { countInstances, upsertSeries } from '../../store/series.ts';
import { announceStudies, countArrivals, lockStudies, unholdStudy } from '../../store/study-index.ts';
import { HeaderReader } from './header-reader.ts';

export interface QuarantineDecision {
  /** Row id in `quarantine`. */
  readonly id: number;
  readonly decision: 'released' | 'discarded';
  /** Who decided, for the audit log. */
  readonly by: string;
}

export interface DecideQuarantineParts {
  readonly database: Database;
  readonly reader: SegmentReader;
  readonly clock: Clock;
}

/** What a person may put where it claims to belong; the others contradict themselves or cannot be read. */
const releasable: ReadonlySet<QuarantineReason> = new Set(['patient-conflict', 'order-conflict', 'duplicate-other-content']);

/**
 * Carries out what a person decided about a quarantined object. `released`: it is served in the study it names; of two contents under one
 * UID it replaces the served one, which is kept as superseded. `discarded`: it stays unseen (its bytes are kept). When nothing of its
 * kind waits any more the study is no longer held, and its alert is resolved.
 *
 * Errors (permanent): `QUARANTINE_UNKNOWN`, `QUARANTINE_DECIDED`, `QUARANTINE_NOT_RELEASABLE`.
 */
export async function decideQuarantine(parts: DecideQuarantineParts, decision: QuarantineDecision): Promise<void> {
  const at = new Date(parts.clock.now());
  await parts.database.transaction(async (tx) => {
    const row = await quarantinedById(tx, decision.id);
    if (row === undefined) throw refused('QUARANTINE_UNKNOWN', 'there is no such quarantined object');
    if (row.decided_at !== null) throw refused('QUARANTINE_DECIDED', 'this object was decided about before');
    if (decision.decision === 'released') await release(tx, row, await headerOf(parts.reader, row), at);
    await markDecided(tx, row.id, decision.decision, decision.by, at);
    await recordAudit(tx, {
      at, actor: decision.by, action: `quarantine.${decision.decision}`, outcome: 0, objectType: 'instance', objectId: row.sop_instance_uid ?? '', studyInstanceUid: row.study_instance_uid,
      detail: { reason: row.reason, quarantine: row.id },
    });
    await closeCase(tx, row, at);
  });
}

async function release(tx: Tx, row: QuarantinedRow, header: InstanceHeader, at: Date): Promise<void> {
  const { study, series, sopInstanceUid, sopClassUid } = header;
  if (!releasable.has(row.reason) || study.studyInstanceUid === null || series.seriesInstanceUid === null || sopInstanceUid === null || sopClassUid === null) {
    throw refused('QUARANTINE_NOT_RELEASABLE', 'this object contradicts itself or cannot be read');
  }
  const [locked] = await lockStudies(tx, [{ ...study, receivedAt: row.received_at }]);
  const [placed] = await upsertSeries(tx, [{ ...series, studyRowId: locked!.id, origin: 'received' }], at);
  if (placed!.study_id !== locked!.id) throw refused('QUARANTINE_NOT_RELEASABLE', 'its series belongs to another study');
  const replaced = await supersedeActive(tx, sopInstanceUid);
  await insertInstances(tx, [
    {
      seriesRowId: placed!.id, sopInstanceUid, sopClassUid, transferSyntaxUid: row.transfer_syntax_uid, instanceNumber: header.instanceNumber, rows: header.rows, columns: header.columns,
      bitsAllocated: header.bitsAllocated, numberOfFrames: header.numberOfFrames, writer: row.writer, segment: row.segment, recordOffset: row.record_offset, dataOffset: row.data_offset,
      dataLength: row.data_length, headerLength: row.header_length, crc32: row.crc32, state: 'active', origin: 'received', groupId: row.group_id, receivedAt: row.received_at,
    },
  ]);
  const more = replaced === undefined ? 1 : 0;
  if (replaced !== undefined && replaced !== placed!.id) await countInstances(tx, [{ id: replaced, instances: -1 }, { id: placed!.id, instances: 1 }]);
  else await countInstances(tx, [{ id: placed!.id, instances: more }]);
  await countArrivals(tx, [{ id: locked!.id, instances: more, lastReceivedAt: at }], at);
}

/** Nothing of this kind waits in this study any more: the alert is over, and so is the hold. */
async function closeCase(tx: Tx, row: QuarantinedRow, at: Date): Promise<void> {
  if (row.study_instance_uid === null) return;
  if ((await undecidedOf(tx, row.study_instance_uid, row.reason)) === 0) {
    await resolveAlert(tx, `${row.reason}:${row.study_instance_uid}`, at);
    await unholdStudy(tx, row.study_instance_uid, row.reason, at);
  }
  await announceStudies(tx, [row.study_instance_uid]);
}

async function headerOf(reader: SegmentReader, row: QuarantinedRow): Promise<InstanceHeader> {
  const header = new HeaderReader(row.transfer_syntax_uid);
  for await (const piece of reader.stream(blobAddressOf(row), { start: 0, end: row.data_length })) {
    header.push(piece);
    if (!header.wantsMore) break;
  }
  return header.finish(row.data_length).header;
}

function refused(code: string, message: string): GatewayError {
  return new GatewayError(code, message, { failure: 'permanent' });
}
