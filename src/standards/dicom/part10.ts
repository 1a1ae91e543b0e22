import { fault, ok, type Result } from '../../foundation/result.ts';
import { DataSet, type Tag } from './data-set.ts';
import { defaultReadLimits, readDataSet, readElements, type ReadOptions } from './data-set-reader.ts';
import { writeDataSet, DicomWriteError, type WriteOptions } from './data-set-writer.ts';
import { dicomFault, type DicomFault } from './dicom-fault.ts';
import { element } from './element.ts';
import { looksExplicit } from './element-header.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from './implementation.ts';
import { tags } from './tags.ts';
import { explicitBigEndian, explicitLittleEndian, implicitLittleEndian } from './transfer-syntaxes.ts';

export interface Part10File {
  /** Empty when the file has none. */
  readonly fileMeta: DataSet;
  readonly dataSet: DataSet;
  /** As the File Meta Information says, or as the bytes look when it does not say. */
  readonly transferSyntaxUid: string;
}

export interface Part10Start {
  readonly fileMeta: DataSet;
  readonly transferSyntaxUid: string;
  /** Where the data set begins. */
  readonly dataSetOffset: number;
}

const PREAMBLE = 128;
const META_GROUP: Tag = 0x00020000;
const FIRST_GROUP_AFTER_META: Tag = 0x00030000;

/**
 * Reads a DICOM file, PS3.10 §7. Never throws. Met in the field and tolerated: no preamble, no File Meta Information (the syntax is
 * guessed from the first element), no or a wrong group length, meta information in Implicit VR.
 *
 * Errors: NOT_DICOM, and those of readDataSet; offsets count from the start of the data set.
 */
export function readPart10(bytes: Uint8Array, options: ReadOptions = {}): Result<Part10File, DicomFault> {
  const start = readPart10Start(bytes);
  if (!start.ok) return start;
  const { fileMeta, transferSyntaxUid, dataSetOffset } = start.value;
  const dataSet = readDataSet(bytes.subarray(dataSetOffset), transferSyntaxUid, options);
  return dataSet.ok ? ok({ fileMeta, dataSet: dataSet.value, transferSyntaxUid }) : dataSet;
}

/** Reads the File Meta Information alone; the first few KB of a file are enough. */
export function readPart10Start(bytes: Uint8Array): Result<Part10Start, DicomFault> {
  const offset = metaOffset(bytes);
  if (bytes.length - offset < 8) return fault(dicomFault('NOT_DICOM', 'too short to be a DICOM file', offset));
  let fileMeta = DataSet.empty;
  let dataSetOffset = offset;
  if (bytes[offset] === 2 && bytes[offset + 1] === 0) {
    const meta = readElements(bytes.subarray(offset), { explicitVr: true, littleEndian: true }, { ...defaultReadLimits, maxElements: 1000 }, FIRST_GROUP_AFTER_META, META_GROUP);
    if (!meta.ok) return meta;
    fileMeta = meta.value.dataSet;
    dataSetOffset = offset + meta.value.end;
  }
  const said = fileMeta.string(tags.TransferSyntaxUID);
  const transferSyntaxUid = said ?? guessSyntax(bytes, dataSetOffset);
  if (transferSyntaxUid === undefined) return fault(dicomFault('NOT_DICOM', 'neither a preamble nor an element at the start', dataSetOffset));
  return ok({ fileMeta, transferSyntaxUid, dataSetOffset });
}

export interface Part10Header {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** (0002,0016): who wrote the file. */
  readonly sourceAeTitle?: string;
}

/** Preamble, `DICM` and File Meta Information (PS3.10 §7.1): what stands before a data set to make a file of it. */
export function part10Header(header: Part10Header): Uint8Array {
  const meta = writeDataSet(
    DataSet.of([
      element(tags.FileMetaInformationVersion, 'OB', Uint8Array.of(0, 1)),
      element(tags.MediaStorageSOPClassUID, 'UI', header.sopClassUid),
      element(tags.MediaStorageSOPInstanceUID, 'UI', header.sopInstanceUid),
      element(tags.TransferSyntaxUID, 'UI', header.transferSyntaxUid),
      element(tags.ImplementationClassUID, 'UI', IMPLEMENTATION_CLASS_UID),
      element(tags.ImplementationVersionName, 'SH', IMPLEMENTATION_VERSION_NAME),
      ...(header.sourceAeTitle === undefined ? [] : [element(tags.SourceApplicationEntityTitle, 'AE', header.sourceAeTitle)]),
    ]),
    explicitLittleEndian,
  );
  const length = writeDataSet(DataSet.of([element(tags.FileMetaInformationGroupLength, 'UL', meta.length)]), explicitLittleEndian);
  return Buffer.concat([Buffer.alloc(PREAMBLE), Buffer.from('DICM'), length, meta]);
}

export interface Part10Content extends WriteOptions {
  readonly dataSet: DataSet;
  readonly transferSyntaxUid: string;
  readonly sourceAeTitle?: string;
}

/** A DICOM file. Throws DicomWriteError as writeDataSet does, and when the SOP Class or Instance UID is missing. */
export function writePart10(content: Part10Content): Uint8Array {
  const { dataSet, transferSyntaxUid } = content;
  const sopClassUid = dataSet.string(tags.SOPClassUID);
  const sopInstanceUid = dataSet.string(tags.SOPInstanceUID);
  if (sopClassUid === undefined) throw new DicomWriteError('a file needs it', tags.SOPClassUID);
  if (sopInstanceUid === undefined) throw new DicomWriteError('a file needs it', tags.SOPInstanceUID);
  const ae = content.sourceAeTitle === undefined ? {} : { sourceAeTitle: content.sourceAeTitle };
  return Buffer.concat([part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid, ...ae }), writeDataSet(dataSet, transferSyntaxUid, content)]);
}

function metaOffset(bytes: Uint8Array): number {
  const magicAt = (at: number): boolean => bytes[at] === 0x44 && bytes[at + 1] === 0x49 && bytes[at + 2] === 0x43 && bytes[at + 3] === 0x4d;
  if (magicAt(PREAMBLE)) return PREAMBLE + 4;
  return magicAt(0) ? 4 : 0;
}

/** Looks at the first element: a data set begins with a low group. */
function guessSyntax(bytes: Uint8Array, at: number): string | undefined {
  if (bytes.length - at < 8) return explicitLittleEndian;
  const group = bytes[at]! + bytes[at + 1]! * 256;
  const swappedGroup = bytes[at]! * 256 + bytes[at + 1]!;
  const little = group <= swappedGroup;
  const lower = little ? group : swappedGroup;
  if (lower === 0 || lower > 0x0100) return undefined;
  if (looksExplicit(bytes, at)) return little ? explicitLittleEndian : explicitBigEndian;
  return little ? implicitLittleEndian : undefined;
}
