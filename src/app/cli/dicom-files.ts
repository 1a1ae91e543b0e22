import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { readDataSet } from '../../standards/dicom/data-set-reader.ts';
import { readPart10Start, type Part10Start } from '../../standards/dicom/part10.ts';
import { tags } from '../../standards/dicom/tags.ts';

/** What is known of a file before it is sent. */
export interface DicomFile {
  readonly file: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly dataSetOffset: number;
}

export interface FoundFiles {
  readonly files: readonly DicomFile[];
  /** Files that are no DICOM instances. */
  readonly others: readonly string[];
}

const START_BYTES = 64 * 1024;

/** The DICOM files among the named files and, at any depth, in the named folders; in the order of their names. */
export async function findDicomFiles(names: readonly string[]): Promise<FoundFiles> {
  const files: DicomFile[] = [];
  const others: string[] = [];
  for (const file of await expand(names)) {
    const found = await inspect(file);
    if (found === undefined) others.push(file);
    else files.push(found);
  }
  return { files, others };
}

/** The bytes of the data set, as the file has them. */
export async function* dataSetOf(file: DicomFile): AsyncGenerator<Uint8Array, void, undefined> {
  let length = 0;
  for await (const chunk of createReadStream(file.file, { start: file.dataSetOffset, highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    yield chunk;
  }
  // PS3.5 §A.5: a deflated data set of odd length is padded with one NUL; some writers forget it, and fragments must be even.
  if (length % 2 === 1) yield Uint8Array.of(0);
}

async function expand(names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) {
    if (!(await stat(name)).isDirectory()) found.push(name);
    else {
      const entries = await readdir(name, { recursive: true, withFileTypes: true });
      found.push(...entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)).sort());
    }
  }
  return found;
}

async function inspect(file: string): Promise<DicomFile | undefined> {
  const bytes = await firstBytes(file);
  const start = readPart10Start(bytes);
  if (!start.ok) return undefined;
  const uids = uidsOf(bytes, start.value);
  return uids === undefined ? undefined : { file, ...uids, transferSyntaxUid: start.value.transferSyntaxUid, dataSetOffset: start.value.dataSetOffset };
}

function uidsOf(bytes: Uint8Array, start: Part10Start): { sopClassUid: string; sopInstanceUid: string } | undefined {
  let sopClassUid = start.fileMeta.string(tags.MediaStorageSOPClassUID);
  let sopInstanceUid = start.fileMeta.string(tags.MediaStorageSOPInstanceUID);
  if (sopClassUid === undefined || sopInstanceUid === undefined) {
    const read = readDataSet(bytes.subarray(start.dataSetOffset), start.transferSyntaxUid, { stopBefore: tags.StudyDate });
    if (!read.ok) return undefined;
    sopClassUid = read.value.string(tags.SOPClassUID);
    sopInstanceUid = read.value.string(tags.SOPInstanceUID);
  }
  return sopClassUid === undefined || sopInstanceUid === undefined ? undefined : { sopClassUid, sopInstanceUid };
}

async function firstBytes(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(START_BYTES), 0, START_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
