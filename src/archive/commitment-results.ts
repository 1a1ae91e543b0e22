import type { CommitmentEvent } from '../standards/dimse/commitment-messages.ts';
import { raiseAlert, resolveAlert } from '../store/alert.ts';
import { recordAudit } from '../store/audit.ts';
import { answerCommitmentAsked, type CommitmentAnswered } from '../store/commitment-asked.ts';
import type { Database } from '../store/database.ts';
import { recordHop } from '../store/hop.ts';
import { notify } from '../store/notify.ts';

/** After so many C-STOREs of one object that the peer did not commit, a person must look. */
const MAX_ATTEMPTS = 5;
const RETRY_MS = 60_000;

/**
 * Writes the result of a storage commitment that a peer reports, on whichever association it came: committed objects are proven, the
 * others are sent again. Repeats and results of expired transactions do no harm.
 */
export async function recordCommitmentResult(database: Database, event: CommitmentEvent, now: number): Promise<CommitmentAnswered['kind']> {
  const at = new Date(now);
  return database.transaction(async (tx) => {
    const answered = await answerCommitmentAsked(tx, {
      transactionUid: event.transactionUid,
      committed: event.committed.map(([, uid]) => uid),
      failed: event.failed.map(([, uid, reason]) => ({ uid, reason })),
      at, retryAt: new Date(now + RETRY_MS), maxAttempts: MAX_ATTEMPTS,
    });
    if (answered.kind !== 'answered') return answered.kind;
    const { destination, peer, proven, failed } = answered;
    const facts = { transactionUid: event.transactionUid, destination, proven: proven.length, failed: failed.length };
    await recordAudit(tx, { at, actor: peer, action: 'delivery.proven', outcome: failed.length === 0 ? 0 : 4, objectType: 'commitment', objectId: event.transactionUid, detail: facts });
    for (const [study, first] of new Map(proven.map((message) => [message.study_instance_uid, message]))) {
      await recordHop(tx, { traceId: first.trace_id, studyInstanceUid: study, hop: 12, event: 'commitment.proven', at, subject: destination, detail: facts });
      await notify(tx, 'isocenter_page', study);
    }
    if (failed.length > 0) {
      await notify(tx, 'isocenter_outbox', destination);
      await raiseAlert(tx, {
        kind: 'COMMITMENT_FAILED', severity: failed.some((message) => message.state === 'dead') ? 'critical' : 'warning', dedupeKey: `commitment-failed:${destination}`,
        message: `${destination} took ${failed.length} objects and did not commit them`,
        advice: 'They are sent again by themselves, five times at most; look at the log of the peer for why it does not keep them.',
        detail: { ...facts, reasons: [...new Set(event.failed.map(([, , reason]) => reason.toString(16).padStart(4, '0')))] }, at,
      });
    } else await resolveAlert(tx, `commitment-overdue:${destination}`, at);
    return answered.kind;
  });
}
