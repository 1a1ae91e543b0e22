import { part10Header } from '../../standards/dicom/part10.ts';

export interface StowInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** Bytes of the data set. */
  readonly length: number;
  dataSet(): AsyncIterable<Uint8Array>;
}

export interface MultipartBody {
  readonly contentType: string;
  /** Exact: some servers refuse chunked uploads. */
  readonly contentLength: number;
  stream(): AsyncGenerator<Uint8Array, void, undefined>;
}

/**
 * A `multipart/related; type="application/dicom"` body (PS3.18 §10.5.1, RFC 2387) that is made while it is sent: one instance after the
 * other, none held in memory.
 *
 * @param boundary must not occur in the parts; take a random one
 */
export function multipartBody(instances: readonly StowInstance[], boundary: string): MultipartBody {
  const parts = instances.map((instance) => {
    const header = part10Header(instance);
    // No transfer-syntax parameter: Orthanc 1.10 passes over such parts in silence, and the File Meta Information says it anyway.
    const intro = Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`, 'ascii');
    return { instance, header, intro };
  });
  const end = Buffer.from(`--${boundary}--\r\n`, 'ascii');
  const lineEnd = Buffer.from('\r\n', 'ascii');
  const contentLength = parts.reduce((sum, part) => sum + part.intro.length + part.header.length + part.instance.length + lineEnd.length, end.length);
  return {
    contentType: `multipart/related; type="application/dicom"; boundary=${boundary}`,
    contentLength,
    async *stream() {
      for (const { instance, header, intro } of parts) {
        yield intro;
        yield header;
        yield* instance.dataSet();
        yield lineEnd;
      }
      yield end;
    },
  };
}
