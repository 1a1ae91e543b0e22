import type { QueryLevel } from '../../../archive/query/attribute-table.ts';
import { fault, ok, type Result } from '../../../foundation/result.ts';
import type { DataSet } from '../../../standards/dicom/data-set.ts';
import { readDataSet } from '../../../standards/dicom/data-set-reader.ts';
import { tags } from '../../../standards/dicom/tags.ts';

const ROOT = '1.2.840.10008.5.1.4.1.2';

/** SOP classes of Query/Retrieve, PS3.4 §C.3. */
export const queryRetrieveClasses = {
  patientRootFind: `${ROOT}.1.1`,
  patientRootMove: `${ROOT}.1.2`,
  patientRootGet: `${ROOT}.1.3`,
  studyRootFind: `${ROOT}.2.1`,
  studyRootMove: `${ROOT}.2.2`,
  studyRootGet: `${ROOT}.2.3`,
} as const;

export function isPatientRoot(sopClassUid: string): boolean {
  return sopClassUid.startsWith(`${ROOT}.1.`);
}

const LEVELS: Readonly<Record<string, QueryLevel>> = { PATIENT: 'patient', STUDY: 'study', SERIES: 'series', IMAGE: 'instance' };

/** The identifier of a C-FIND, C-MOVE or C-GET request with its level (0008,0052). */
export interface Identifier {
  readonly level: QueryLevel;
  readonly levelText: string;
  readonly keys: DataSet;
}

/** Reads an identifier. Faults: it does not parse, or its level is none of the information model (A900). */
export function readIdentifier(bytes: Uint8Array, transferSyntaxUid: string, sopClassUid: string): Result<Identifier, { readonly comment: string }> {
  const parsed = readDataSet(bytes, transferSyntaxUid, { maxElements: 10_000 });
  if (!parsed.ok) return fault({ comment: `identifier: ${parsed.fault.message}`.slice(0, 64) });
  const levelText = parsed.value.string(tags.QueryRetrieveLevel)?.trim() ?? '';
  const level = LEVELS[levelText];
  if (level === undefined || (level === 'patient' && !isPatientRoot(sopClassUid))) return fault({ comment: 'Query/Retrieve Level is missing or not of this model' });
  return ok({ level, levelText, keys: parsed.value });
}
