import { inflateRawSync, inflateSync } from 'node:zlib';
import { fault, ok, type Result } from '../../foundation/result.ts';
import { dicomFault, type DicomFault } from './dicom-fault.ts';

/**
 * Inflates a data set of the Deflated syntax, PS3.5 §A.5 (raw deflate, RFC 1951). A zlib header, which some writers add, is tolerated.
 *
 * Errors: BAD_DEFLATE; TOO_LONG when more than `maxBytes` would come out.
 */
export function inflateDataSet(bytes: Uint8Array, maxBytes: number): Result<Uint8Array, DicomFault> {
  if (bytes.length === 0) return ok(bytes);
  const raw = attempt(() => inflateRawSync(bytes, { maxOutputLength: maxBytes }));
  if (raw.ok || raw.fault.code === 'TOO_LONG' || bytes[0] !== 0x78) return raw;
  return attempt(() => inflateSync(bytes, { maxOutputLength: maxBytes }));
}

function attempt(inflate: () => Buffer): Result<Uint8Array, DicomFault> {
  try {
    return ok(inflate());
  } catch (thrown) {
    const tooLong = thrown instanceof RangeError;
    return fault(dicomFault(tooLong ? 'TOO_LONG' : 'BAD_DEFLATE', tooLong ? 'inflates to more than the limit' : 'not a deflate stream'));
  }
}
