import { DataSet } from '../../standards/dicom/data-set.ts';
import { element, sequence } from '../../standards/dicom/element.ts';
import { tags } from '../../standards/dicom/tags.ts';
import type { PartOutcome } from './stow-part.ts';

export interface StowAnswer {
  readonly status: 200 | 202 | 400 | 409 | 503;
  /** Store Instances Response Module, PS3.18 §I.2. */
  readonly body: DataSet;
}

const REASONS: Readonly<Record<Extract<PartOutcome['outcome'], { kind: 'refused' }>['reason'], number>> = {
  'out-of-resources': 0xa700,
  'class-mismatch': 0xa900,
  'duplicate-other-content': 0xa900,
  'other-study': 0xa900,
  'uid-mismatch': 0xa900,
  'cannot-understand': 0xc000,
  truncated: 0xc001,
  'missing-uid': 0xc003,
  'processing-failure': 0x0110,
  'not-dicom': 0xc000,
  'media-type': 0xc000,
};

/** What a STOW request is answered with: PS3.18 §10.5.3 and Table 10.5.3-1. `base` is the service's root URL. */
export function stowAnswer(outcomes: readonly PartOutcome[], base: string): StowAnswer {
  const stored = outcomes.filter((part) => part.outcome.kind !== 'refused');
  const failed = outcomes.filter((part) => part.outcome.kind === 'refused' && part.sopInstanceUid !== undefined);
  const unknown = outcomes.filter((part) => part.outcome.kind === 'refused' && part.sopInstanceUid === undefined);
  const studies = new Set(stored.map((part) => part.studyInstanceUid));
  const body = DataSet.of([
    element(tags.RetrieveURL, 'UR', ...(studies.size === 1 ? [`${base}/studies/${[...studies][0]}`] : [])),
    ...(failed.length > 0 ? [sequence(tags.FailedSOPSequence, failed.map(failedItem))] : []),
    ...(stored.length > 0 ? [sequence(tags.ReferencedSOPSequence, stored.map((part) => storedItem(part, base)))] : []),
    ...(unknown.length > 0 ? [sequence(tags.OtherFailuresSequence, unknown.map((part) => DataSet.of([element(tags.FailureReason, 'US', reasonOf(part))])))] : []),
  ]);
  return { status: statusOf(outcomes, stored.length), body };
}

function statusOf(outcomes: readonly PartOutcome[], stored: number): StowAnswer['status'] {
  if (outcomes.length > 0 && stored === outcomes.length) return 200;
  if (stored > 0) return 202;
  const reasons = outcomes.map((part) => (part.outcome.kind === 'refused' ? part.outcome.reason : ''));
  if (reasons.length > 0 && reasons.every((reason) => reason === 'out-of-resources')) return 503;
  return reasons.every((reason) => reason === 'not-dicom' || reason === 'media-type') ? 400 : 409;
}

function reasonOf(part: PartOutcome): number {
  return part.outcome.kind === 'refused' ? REASONS[part.outcome.reason] : 0;
}

function failedItem(part: PartOutcome): DataSet {
  return DataSet.of([...references(part), element(tags.FailureReason, 'US', reasonOf(part))]);
}

function storedItem(part: PartOutcome, base: string): DataSet {
  const url = `${base}/studies/${part.studyInstanceUid}/series/${part.seriesInstanceUid}/instances/${part.sopInstanceUid}`;
  return DataSet.of([...references(part), element(tags.RetrieveURL, 'UR', url)]);
}

function references(part: PartOutcome): ReturnType<typeof element>[] {
  return [element(tags.ReferencedSOPClassUID, 'UI', part.sopClassUid ?? ''), element(tags.ReferencedSOPInstanceUID, 'UI', part.sopInstanceUid ?? '')];
}
