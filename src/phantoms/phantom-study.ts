/** What every phantom hands out, whatever it shows. */
import { derivedUid, randomUid } from '../foundation/uid.ts';
import { explicitLittleEndian } from '../standards/dicom/transfer-syntaxes.ts';
import { writePart10 } from '../standards/dicom/part10.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';

export interface PhantomStudy {
  readonly studyInstanceUid: string;
  /** How many instances there are. */
  readonly count: number;
  /** What is in the images, as JSON can say it: known from how they were made, not measured. */
  readonly truth: object;
  /** One DICOM file after the other, in the order a scanner would send them; made while they are walked through. */
  instances(): Iterable<PhantomInstance>;
}

export interface PhantomInstance {
  /** Ends in .dcm; names no patient. */
  readonly fileName: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly dataSet: DataSet;
  /** The same as a DICOM file, PS3.10. */
  readonly bytes: Uint8Array;
}

export interface PhantomStudyOptions {
  /** New UIDs on each call, for sending the same pictures as another study. Otherwise they follow from the seed and the options. */
  readonly freshUids?: boolean;
  /** YYYYMMDD; default drawn from the seed. */
  readonly studyDate?: string;
}

/** Raised when the pictures of a seed change, so that other bytes never come under the same UIDs. */
const REVISION = '2';

/** Gives the UIDs of one study by role ('study', 'series', 'instance/12'). */
export type UidSource = (role: string) => string;

export function uidSource(phantom: string, seed: number, options: PhantomStudyOptions): UidSource {
  const salt = options.freshUids === true ? randomUid() : stableText({ ...options, freshUids: false });
  return (role) => derivedUid('phantom', phantom, REVISION, String(seed), salt, role);
}

export function phantomInstance(dataSet: DataSet, fileName: string): PhantomInstance {
  const sopClassUid = dataSet.string(tags.SOPClassUID)!, sopInstanceUid = dataSet.string(tags.SOPInstanceUID)!;
  const bytes = writePart10({ dataSet, transferSyntaxUid: explicitLittleEndian, sourceAeTitle: 'PHANTOM' });
  return { fileName, sopClassUid, sopInstanceUid, transferSyntaxUid: explicitLittleEndian, dataSet, bytes };
}

/** JSON with keys in order, so that the order in which options were written does not matter. */
function stableText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
