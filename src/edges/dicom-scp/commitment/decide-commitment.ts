import { verifyInstance } from '../../../archive/verify-instance.ts';
import { statuses } from '../../../standards/dimse/statuses.ts';
import { committableInstances, type CommitmentObject, type CommitmentResult, type FailedCommitment } from '../../../store/commitment.ts';
import type { Tx } from '../../../store/database.ts';
import type { SegmentReader } from '../../../store/segments/segment-reader.ts';

/** Objects asked for at a time. */
const BATCH = 1_000;

/**
 * What we can answer for (PS3.4 §J.3.2.1.2.3): an object is committed when the index has it under this SOP Class and its bytes, read
 * from the disk again, are the ones that were acknowledged.
 */
export async function decideCommitment(tx: Tx, segments: SegmentReader, objects: readonly CommitmentObject[]): Promise<CommitmentResult> {
  const committed: CommitmentObject[] = [];
  const failed: FailedCommitment[] = [];
  for (let at = 0; at < objects.length; at += BATCH) {
    const batch = objects.slice(at, at + BATCH);
    const stored = new Map((await committableInstances(tx, batch.map(([, uid]) => uid))).map((row) => [row.sop_instance_uid, row]));
    for (const object of batch) {
      const [sopClassUid, sopInstanceUid] = object;
      const instance = stored.get(sopInstanceUid);
      if (instance === undefined) failed.push([...object, statuses.noSuchSopInstance]);
      else if (instance.sop_class_uid !== sopClassUid) failed.push([...object, statuses.classInstanceConflict]);
      else if ((await verifyInstance(segments, instance)) === 'intact') committed.push(object);
      else failed.push([...object, statuses.processingFailure]);
    }
  }
  return { committed, failed };
}
