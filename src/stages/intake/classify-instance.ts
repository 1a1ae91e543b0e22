import { isUid } from '../../foundation/uid.ts';
import { tags } from '../../standards/dicom/tags.ts';
import type { InstanceHeader } from '../../store/instance-header.ts';
import type { ReadHeader } from './header-reader.ts';
import type { RefusalReason } from './receive-instance.ts';

/** Why an instance is kept but not served. All of them are reasons of quarantine and of refusal alike. */
export type Verdict = Extract<RefusalReason, 'class-mismatch' | 'uid-mismatch' | 'cannot-understand' | 'truncated' | 'missing-uid' | 'duplicate-other-content'>;

export interface Refusal {
  readonly reason: Verdict;
  /** At most 64 characters, no patient data. */
  readonly comment: string;
  readonly offendingTag?: number;
}

export interface Announced {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

/**
 * Holds a data set against what its sender announced. Undefined = store it as it is: the content of an image is not judged here.
 *
 * Source: PS3.4 §B.2.3 and PS3.7 §9.1.1.1.9 (C-STORE statuses), PS3.5 §9.1 (form of UIDs; leading zeros are tolerated).
 */
export function classifyInstance(announced: Announced, read: ReadHeader, dataLength: number): Refusal | undefined {
  const { header, fault } = read;
  if (dataLength === 0) return { reason: 'cannot-understand', comment: 'the data set is empty' };
  // Bytes that never were a data set end inside an element too: cut off is what had begun well.
  if (fault?.code === 'TRUNCATED' && header.sopInstanceUid !== null) return { ...truncated, ...(fault.tag === undefined || fault.tag === 0 ? {} : { offendingTag: fault.tag }) };
  if (fault !== undefined) return { reason: 'cannot-understand', comment: clip(`data set does not parse: ${fault.code}`), ...(fault.tag === undefined ? {} : { offendingTag: fault.tag }) };
  return missingUid(header) ?? malformedUid(header) ?? mismatch(announced, header);
}

/** The refusal of a second content under a UID that is served already. */
export const otherContent: Refusal = { reason: 'duplicate-other-content', comment: 'DUP UID/CONTENT', offendingTag: tags.SOPInstanceUID };

/** The refusal of a data set that ends inside an element. */
export const truncated: Refusal = { reason: 'truncated', comment: 'the data set ends inside an element', offendingTag: tags.PixelData };

function missingUid(header: InstanceHeader): Refusal | undefined {
  const wanted = [
    [tags.SOPInstanceUID, header.sopInstanceUid, 'SOP Instance UID'],
    [tags.StudyInstanceUID, header.study.studyInstanceUid, 'Study Instance UID'],
    [tags.SeriesInstanceUID, header.series.seriesInstanceUid, 'Series Instance UID'],
  ] as const;
  const missing = wanted.find(([, value]) => value === null);
  return missing === undefined ? undefined : { reason: 'missing-uid', comment: `no ${missing[2]}`, offendingTag: missing[0] };
}

function malformedUid(header: InstanceHeader): Refusal | undefined {
  const values = [
    [tags.SOPInstanceUID, header.sopInstanceUid],
    [tags.StudyInstanceUID, header.study.studyInstanceUid],
    [tags.SeriesInstanceUID, header.series.seriesInstanceUid],
  ] as const;
  const bad = values.find(([, value]) => !looksLikeUid(value!));
  return bad === undefined ? undefined : { reason: 'uid-mismatch', comment: 'not a UID', offendingTag: bad[0] };
}

function mismatch(announced: Announced, header: InstanceHeader): Refusal | undefined {
  if (header.sopInstanceUid !== announced.sopInstanceUid) {
    return { reason: 'uid-mismatch', comment: 'SOP Instance UID differs from the command', offendingTag: tags.SOPInstanceUID };
  }
  if (header.sopClassUid !== announced.sopClassUid) {
    return { reason: 'class-mismatch', comment: 'SOP Class UID differs from the command', offendingTag: tags.SOPClassUID };
  }
  return undefined;
}

// Components with leading zeros break PS3.5 §9.1, are sent by real devices and do no harm.
function looksLikeUid(text: string): boolean {
  return isUid(text) || (text.length <= 64 && /^\d+(\.\d+)*$/.test(text));
}

function clip(text: string): string {
  return text.slice(0, 64);
}
