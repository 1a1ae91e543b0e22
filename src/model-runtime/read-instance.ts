import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { GatewayError } from '../foundation/errors.ts';
import { fault, ok, type Result } from '../foundation/result.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import { readDataSet } from '../standards/dicom/data-set-reader.ts';
import { readPart10 } from '../standards/dicom/part10.ts';
import type { InstanceInput } from './series-input.ts';

export interface ReadInstance {
  readonly dataSet: DataSet;
  readonly transferSyntaxUid: string;
  readonly sopInstanceUid: string;
  /** As told, or `sha256:<hex>` of the bytes. */
  readonly contentDigest: string;
}

/**
 * Reads one instance from where it lies. Synchronous: the model child does one thing at a time.
 *
 * Fault: bytes that are no data set, in a sentence. Throws GatewayError `MODEL_INPUT_UNREADABLE` (transient) when the file cannot be read.
 */
export function readInstance(input: InstanceInput): Result<ReadInstance, string> {
  const bytes = bytesOf(input);
  const contentDigest = input.contentDigest ?? `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const found = { sopInstanceUid: input.sopInstanceUid, contentDigest };
  if (input.bytes.form !== 'data-set') {
    const file = readPart10(bytes);
    return file.ok ? ok({ ...found, dataSet: file.value.dataSet, transferSyntaxUid: file.value.transferSyntaxUid }) : fault(`an image cannot be parsed (${file.fault.code})`);
  }
  const dataSet = readDataSet(bytes, input.transferSyntaxUid);
  return dataSet.ok ? ok({ ...found, dataSet: dataSet.value, transferSyntaxUid: input.transferSyntaxUid }) : fault(`an image cannot be parsed (${dataSet.fault.code})`);
}

function bytesOf({ bytes }: InstanceInput): Uint8Array {
  if (bytes.form === 'part10-bytes') return bytes.bytes;
  try {
    return bytes.form === 'part10' ? readFileSync(bytes.path) : readRange(bytes.path, bytes.offset, bytes.length);
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError('MODEL_INPUT_UNREADABLE', 'the stored bytes of an image could not be read', { failure: 'transient', cause });
  }
}

function readRange(path: string, offset: number, length: number): Uint8Array {
  // allocUnsafeSlow: not from the shared pool, so that 16-bit pixels can be viewed in place.
  const buffer = Buffer.allocUnsafeSlow(length);
  const file = openSync(path, 'r');
  try {
    let done = 0;
    while (done < length) {
      const got = readSync(file, buffer, done, length - done, offset + done);
      if (got === 0) throw new GatewayError('MODEL_INPUT_UNREADABLE', 'the stored bytes of an image end early', { failure: 'transient' });
      done += got;
    }
  } finally {
    closeSync(file);
  }
  return buffer;
}
