import type { Clock } from '../../foundation/clock.ts';
import { resolveAlert } from '../../store/alert.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { hasDeadLetters, replayDead, type DeadLetterFilter } from '../../store/dead-letter.ts';
import { notify } from '../../store/notify.ts';
import { deadAlertKey } from './record-outcomes.ts';

/**
 * Puts dead letters back in the queue, by one or by filter, with the same bytes and identifiers. Audited under `actor`.
 *
 * @returns how many; one that a newer revision has overtaken stays dead
 */
export async function replayDeadLetters(deps: { readonly database: Database; readonly clock: Clock }, actor: string, filter: DeadLetterFilter): Promise<number> {
  return deps.database.transaction(async (tx) => {
    const at = new Date(deps.clock.now());
    const replayed = await replayDead(tx, filter, at);
    for (const message of replayed) {
      await recordAudit(tx, { at, actor, action: 'delivery.replayed', outcome: 0, objectType: 'delivery', objectId: String(message.id), studyInstanceUid: message.study_instance_uid, detail: { destination: message.destination } });
    }
    for (const destination of new Set(replayed.map((message) => message.destination))) {
      if (!(await hasDeadLetters(tx, destination))) await resolveAlert(tx, deadAlertKey(destination), at);
      await notify(tx, 'isocenter_outbox', destination);
    }
    return replayed.length;
  });
}
