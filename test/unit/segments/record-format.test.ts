import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { BLOCK, isTrailer, readRecordHeader, readSegmentHeader, recordBytes, RECORD_HEADER_BYTES, trailerOffset, writeRecordHeader, writeSegmentHeader, writeTrailer, type RecordHeader } from '../../../src/store/segments/record-format.ts';

const salt = 0x1234_5678_9abc_def0n;
const header: RecordHeader = {
  transferSyntaxUid: '1.2.840.10008.1.2.1', sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: '2.25.1', studyInstanceUid: '2.25.2', seriesInstanceUid: '2.25.3',
  groupId: 'group', protocol: 'dimse', callingAe: 'CT1', calledAe: 'ISOCENTER', remoteAddress: '127.0.0.1', verdict: '', origin: 'received', receivedAt: 1_790_000_000_123,
  headerLength: 1234, segment: 77, offset: 3 * BLOCK, dataLength: 5_000_000_000, crc32: 0xdeadbeef,
};
const place = { salt, segment: 77, offset: 3 * BLOCK };

suite('segment records', () => {
  test('a header is read back as it was written, lengths beyond 4 GiB included', () => {
    const bytes = Buffer.alloc(RECORD_HEADER_BYTES, 0xff);

    writeRecordHeader(bytes, header, salt);

    assert.deepEqual(readRecordHeader(bytes, place), header);
  });

  test('any single flipped bit makes a header unreadable', () => {
    const bytes = Buffer.alloc(RECORD_HEADER_BYTES);
    writeRecordHeader(bytes, header, salt);

    fc.assert(
      fc.property(fc.nat(RECORD_HEADER_BYTES * 8 - 1), (bit) => {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        return readRecordHeader(flipped, place) === undefined;
      }),
      { numRuns: 500 },
    );
  });

  test('a record of another life of the file, of another segment or at another place is none', () => {
    const bytes = Buffer.alloc(RECORD_HEADER_BYTES);
    writeRecordHeader(bytes, header, salt);

    assert.equal(readRecordHeader(bytes, { ...place, salt: salt + 1n }), undefined);
    assert.equal(readRecordHeader(bytes, { ...place, segment: 78 }), undefined);
    assert.equal(readRecordHeader(bytes, { ...place, offset: 4 * BLOCK }), undefined);
  });

  test('random bytes are never taken for a header', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 0, maxLength: 2048 }), (bytes) => readRecordHeader(Buffer.from(bytes), place) === undefined));
  });

  test('texts that are too long are cut, and the record stays readable', () => {
    const bytes = Buffer.alloc(RECORD_HEADER_BYTES);
    const long = { ...header, callingAe: 'A'.repeat(500), sopInstanceUid: '1.'.repeat(400), groupId: 'ü'.repeat(300), calledAe: 'B'.repeat(500), remoteAddress: 'C'.repeat(500), verdict: 'D'.repeat(500), studyInstanceUid: '9'.repeat(500), seriesInstanceUid: '8'.repeat(500) };

    writeRecordHeader(bytes, long, salt);

    assert.equal(readRecordHeader(bytes, place)?.callingAe, 'A'.repeat(128));
  });

  test('a trailer belongs to one length and one checksum', () => {
    const bytes = Buffer.alloc(16);
    writeTrailer(bytes, 0, header.crc32, header.dataLength);

    assert.equal(isTrailer(bytes, header), true);
    assert.equal(isTrailer(bytes, { ...header, crc32: 1 }), false);
    assert.equal(isTrailer(bytes, { ...header, dataLength: 1 }), false);
    assert.equal(isTrailer(Buffer.alloc(16), header), false);
  });

  test('a record takes whole blocks, and its trailer never crosses one', () => {
    fc.assert(
      fc.property(fc.nat(20_000_000), (length) => {
        const at = trailerOffset(length);
        assert.equal(recordBytes(length) % BLOCK, 0);
        assert.ok(at >= RECORD_HEADER_BYTES + length && at + 16 <= recordBytes(length));
        assert.equal(Math.floor(at / BLOCK), Math.floor((at + 15) / BLOCK));
      }),
    );
  });

  test('a segment header is read back, and not from anything else', () => {
    const block = Buffer.alloc(BLOCK);
    const segment = { segment: 5, writer: 'intake', salt, sealed: true, createdAt: 1_790_000_000_000 };
    writeSegmentHeader(block, segment);

    assert.deepEqual(readSegmentHeader(block), segment);
    block[100]! ^= 1;
    assert.equal(readSegmentHeader(block), undefined);
  });
});
