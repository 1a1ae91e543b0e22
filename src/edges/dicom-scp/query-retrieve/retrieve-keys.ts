import { fault, ok, type Result } from '../../../foundation/result.ts';
import { isUid } from '../../../foundation/uid.ts';
import { tags } from '../../../standards/dicom/tags.ts';
import type { RetrieveKeys } from '../../../store/retrieval.ts';
import type { Identifier } from './query-model.ts';

const UNIQUE_KEY = { patient: tags.PatientID, study: tags.StudyInstanceUID, series: tags.SeriesInstanceUID, instance: tags.SOPInstanceUID } as const;

/** The objects a C-MOVE or C-GET identifier names by the unique key of its level and, where given, those above it (PS3.4 §C.4.2.1.4; relational: they may be missing). */
export function retrieveKeysOf({ level, keys }: Identifier): Result<RetrieveKeys, { readonly comment: string }> {
  const uids = keys.strings(UNIQUE_KEY[level]).filter((uid) => uid !== '');
  if (uids.length === 0) return fault({ comment: `the unique key of level ${level} is missing` });
  if (level !== 'patient' && !uids.every(isUid)) return fault({ comment: 'a unique key is no UID' });
  const above = (tag: number, isAbove: boolean): readonly string[] | undefined => (isAbove && keys.strings(tag).some((uid) => uid !== '') ? keys.strings(tag) : undefined);
  return ok({
    level,
    uids,
    patientId: above(tags.PatientID, level !== 'patient')?.[0],
    studyInstanceUids: above(tags.StudyInstanceUID, level === 'series' || level === 'instance'),
    seriesInstanceUids: above(tags.SeriesInstanceUID, level === 'instance'),
  });
}
