import { derivedUuid } from '../foundation/uid.ts';
import type { ForwardedImages } from '../stages/routing/study-router.ts';
import type { Tx } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { insertOutboxMessage } from '../store/outbox.ts';
import type { Config } from './config/load-config.ts';

/** Puts received originals into the outbox: one message an instance and destination; a repeat adds nothing. */
export function forwardOriginals(destinations: Config['destinations']): (tx: Tx, forwarded: ForwardedImages) => Promise<void> {
  return async (tx, { destination, studyInstanceUid, traceId, images, at }) => {
    const kind = destinations.find((known) => known.name === destination)?.kind;
    if (kind === undefined) return; // the configuration was checked; a rule cannot name it any more
    for (const image of images) {
      await insertOutboxMessage(tx, {
        idempotencyKey: derivedUuid('forward', destination, image.sop_instance_uid, String(image.id)),
        destination,
        kind,
        purpose: 'forward',
        studyInstanceUid,
        traceId,
        jobId: null,
        resultObjectId: null,
        instanceId: image.id,
        state: 'pending',
        orderingKey: null,
        waitingFor: `${destination}: waits for its turn`,
        at,
      });
    }
    await notify(tx, 'isocenter_outbox', destination);
  };
}
