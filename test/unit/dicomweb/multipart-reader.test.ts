import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MultipartReader } from '../../../src/standards/dicomweb/multipart-reader.ts';

interface Part {
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Reads `body` in pieces of `size` bytes. */
function read(body: Buffer, size: number, limits?: ConstructorParameters<typeof MultipartReader>[2]): { parts: Part[]; fault: string | undefined } {
  const parts: { headers: Record<string, string>; chunks: Buffer[] }[] = [];
  const reader = new MultipartReader('B', {
    begin: (headers) => void parts.push({ headers: Object.fromEntries(headers), chunks: [] }),
    bytes: (chunk) => void parts.at(-1)!.chunks.push(Buffer.from(chunk)),
    end: () => undefined,
  }, limits);
  let fault: string | undefined;
  for (let at = 0; at < body.length && fault === undefined; at += size) fault = reader.push(body.subarray(at, at + size));
  return { parts: parts.map((part) => ({ headers: part.headers, body: Buffer.concat(part.chunks).toString('latin1') })), fault: fault ?? reader.finish() };
}

const two = Buffer.from('--B\r\nContent-Type: application/dicom\r\n\r\nfirst\r\n--B\r\n\r\nsecond\r\n\r\n--B--\r\nepilogue', 'latin1');

suite('multipart/related', () => {
  test('parts come out whole in every fragmentation  [RFC 2046 §5.1]', () => {
    for (let size = 1; size <= two.length; size += 1) {
      assert.deepEqual(read(two, size), { parts: [{ headers: { 'content-type': 'application/dicom' }, body: 'first' }, { headers: {}, body: 'second\r\n' }], fault: undefined }, `pieces of ${size}`);
    }
  });

  test('any bytes that do not hold the delimiter pass unchanged', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 64 }), (bodies, size) => {
      fc.pre(bodies.every((body) => !Buffer.from(body).includes('\r\n--B')));
      const whole = Buffer.concat([...bodies.flatMap((body) => [Buffer.from('\r\n--B\r\nX: y\r\n\r\n'), Buffer.from(body)]), Buffer.from('\r\n--B--')]);
      const result = read(whole, size);
      assert.equal(result.fault, undefined);
      assert.deepEqual(result.parts.map((part) => part.body), bodies.map((body) => Buffer.from(body).toString('latin1')));
    }), { numRuns: 300 });
  });

  test('an empty part, also without headers, is a part', () => {
    assert.deepEqual(read(Buffer.from('--B\r\n\r\n\r\n--B--'), 5).parts, [{ headers: {}, body: '' }]);
  });

  test('a body that ends before its closing delimiter is truncated', () => {
    assert.equal(read(two.subarray(0, two.length - 14), 7).fault, 'TRUNCATED');
  });

  test('a body without the boundary, endless headers and too many parts are refused', () => {
    assert.equal(read(Buffer.from('nothing here'), 5).fault, 'NO_BOUNDARY_FOUND');
    assert.equal(read(Buffer.alloc(200_000, 0x41), 4096).fault, 'NO_BOUNDARY_FOUND');
    assert.equal(read(Buffer.from(`--B\r\nX: ${'y'.repeat(20_000)}`), 4096).fault, 'HEADERS_TOO_LONG');
    assert.equal(read(Buffer.from('--B\r\n\r\n\r\n--B\r\n\r\n\r\n--B--'), 99, { maxHeaderBytes: 100, maxParts: 1 }).fault, 'TOO_MANY_PARTS');
  });

  test('random bytes never throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), fc.integer({ min: 1, max: 100 }), (bytes, size) => void read(Buffer.from(bytes), size)), { numRuns: 300 });
  });
});
