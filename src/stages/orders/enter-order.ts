import { randomUid } from '../../foundation/uid.ts';
import { foldName } from '../../standards/dicom/person-name.ts';
import type { Tx } from '../../store/database.ts';
import { type NewOrder, upsertOrder } from '../../store/order.ts';

/** An order as it comes in; what is made here is left out. */
export type OrderEntry = Omit<NewOrder, 'studyInstanceUid' | 'patientNameKey'> & {
  /** When the order system has made one already. */
  readonly studyInstanceUid?: string;
};

/**
 * Puts a scheduled procedure step on the worklist, or changes it. Its Study Instance UID is made once, here, and stays: modality, images
 * and report meet in it (IHE SWF).
 *
 * @returns the Study Instance UID of the step
 */
export async function enterOrder(tx: Tx, entry: OrderEntry, at: Date): Promise<string> {
  const { patientName } = entry;
  const row = await upsertOrder(tx, {
    ...entry,
    studyInstanceUid: entry.studyInstanceUid ?? randomUid(),
    patientNameKey: patientName === undefined || patientName === null ? null : foldName(patientName),
  }, at);
  return row.study_instance_uid;
}
