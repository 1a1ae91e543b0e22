import { randomUid } from '../../foundation/uid.ts';
import type { AvailabilityNotice } from '../../standards/dimse/performed-step.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { announceStudies } from '../../store/study-index.ts';
import { putManifest } from '../../store/study-manifest.ts';

/**
 * An archive says which instances of a study there are (Instance Availability Notification, PS3.4 Annex R): evidence that the study is
 * complete once they are all here, and a reason to look at it now.
 *
 * @returns the UID of the notice
 */
export async function recordAvailability(database: Database, sopInstanceUid: string | undefined, notice: AvailabilityNotice, callingAe: string, at: Date): Promise<string> {
  const sourceUid = sopInstanceUid ?? randomUid();
  const { studyInstanceUid, instances } = notice;
  await database.transaction(async (tx) => {
    await putManifest(tx, { source: 'ian', sourceUid, studyInstanceUid, state: 'final', instances }, at);
    await recordAudit(tx, { at, actor: callingAe, action: 'availability.told', outcome: 0, objectType: 'study', objectId: studyInstanceUid, studyInstanceUid, detail: { instances: instances.length } });
    await announceStudies(tx, [studyInstanceUid]);
  });
  return sourceUid;
}
