/**
 * How records lie in a segment file. Pure: bytes ↔ values.
 *
 * Segment: one block of 4096 bytes that says what the file is, then records, each beginning on a block.
 * Record: header (1024 bytes, its own CRC), the data set as received, zeros to the next 16 bytes, trailer (16 bytes), zeros to the next block.
 *
 * A record explains itself: number, offset and the salt of its segment stand in the header, so that bytes of an earlier life of a
 * recycled file, a record in the wrong place, or a data set that imitates a record are never taken for one. All numbers little endian.
 * Checksums are CRC-32 (ISO-HDLC, the one of zlib): detection of torn and flipped bytes, not authenticity.
 */
import { crc32 } from 'node:zlib';

export const BLOCK = 4096;
export const RECORD_HEADER_BYTES = 1024;
export const RECORD_TRAILER_BYTES = 16;
/** Offset of the first record of a segment. */
export const FIRST_RECORD = BLOCK;

/** What the writer knew of an object besides its bytes. Texts are cut to 128 bytes; UIDs have at most 64. */
export interface RecordDescription {
  readonly transferSyntaxUid: string;
  /** As announced by the sender (command, file meta information). */
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** As found in the data set; empty when it has none. */
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly groupId: string;
  readonly protocol: string;
  readonly callingAe: string;
  readonly calledAe: string;
  readonly remoteAddress: string;
  /** Empty, or why the sender was refused although the bytes are kept. */
  readonly verdict: string;
  /** `received` records are indexed again after a crash; a `result` counts only when the transaction that made it has left its row. */
  readonly origin: 'received' | 'result';
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Bytes of the data set before its pixel data. */
  readonly headerLength: number;
}

export interface RecordHeader extends RecordDescription {
  readonly segment: number;
  /** Byte offset of the record (of its header) in the segment. */
  readonly offset: number;
  readonly dataLength: number;
  readonly crc32: number;
}

export interface SegmentHeader {
  readonly segment: number;
  readonly writer: string;
  /** Random per life of the file. */
  readonly salt: bigint;
  /** A sealed segment gets no more records. */
  readonly sealed: boolean;
  readonly createdAt: number;
}

const RECORD_MAGIC = 0x3143455243454f53n; // "SOECREC1"
const TRAILER_MAGIC = 0x31444e45434f5349n; // "ISOCEND1"
const SEGMENT_MAGIC = 0x31474553434f5349n; // "ISOCSEG1"
const STRINGS_AT = 88;
const MAX_TEXT_BYTES = 128;

const textFields = [
  'transferSyntaxUid', 'sopClassUid', 'sopInstanceUid', 'studyInstanceUid', 'seriesInstanceUid', 'groupId', 'protocol', 'callingAe', 'calledAe', 'remoteAddress', 'verdict',
] as const;

/** Bytes a record with `dataLength` bytes of data set takes in its segment: a multiple of BLOCK. */
export function recordBytes(dataLength: number): number {
  return roundUp(trailerOffset(dataLength) + RECORD_TRAILER_BYTES, BLOCK);
}

/** Offset of the trailer from the beginning of the record. */
export function trailerOffset(dataLength: number): number {
  return RECORD_HEADER_BYTES + roundUp(dataLength, 16);
}

/** Writes the header over the first RECORD_HEADER_BYTES of `target`. */
export function writeRecordHeader(target: Buffer, header: RecordHeader, salt: bigint): void {
  target.fill(0, 0, RECORD_HEADER_BYTES);
  target.writeBigUInt64LE(RECORD_MAGIC, 0);
  target.writeBigUInt64LE(salt, 16);
  target.writeBigUInt64LE(BigInt(header.segment), 24);
  target.writeBigUInt64LE(BigInt(header.offset), 32);
  target.writeBigUInt64LE(BigInt(header.dataLength), 40);
  target.writeUInt32LE(header.crc32, 48);
  target.writeUInt32LE(header.origin === 'result' ? 1 : 0, 52);
  target.writeDoubleLE(header.receivedAt, 56);
  target.writeBigUInt64LE(BigInt(header.headerLength), 64);
  let at = STRINGS_AT;
  for (const [i, field] of textFields.entries()) {
    // Each text behind this one needs the two bytes of its length at least.
    at = writeText(target, at, header[field], RECORD_HEADER_BYTES - 2 * (textFields.length - 1 - i));
  }
  target.writeUInt16LE(at, 12);
  // The checksum covers everything but itself.
  target.writeUInt32LE(crc32(target.subarray(12, RECORD_HEADER_BYTES)), 8);
}

/** The header at the beginning of `bytes`, undefined unless it is whole, and belongs to this salt, segment and offset. */
export function readRecordHeader(bytes: Buffer, expected: { readonly salt: bigint; readonly segment: number; readonly offset: number }): RecordHeader | undefined {
  if (bytes.length < RECORD_HEADER_BYTES || bytes.readBigUInt64LE(0) !== RECORD_MAGIC || bytes.readBigUInt64LE(16) !== expected.salt) return undefined;
  if (crc32(bytes.subarray(12, RECORD_HEADER_BYTES)) !== bytes.readUInt32LE(8)) return undefined;
  const segment = Number(bytes.readBigUInt64LE(24));
  const offset = Number(bytes.readBigUInt64LE(32));
  if (segment !== expected.segment || offset !== expected.offset) return undefined;
  const texts = readTexts(bytes);
  return {
    ...texts,
    segment,
    offset,
    dataLength: Number(bytes.readBigUInt64LE(40)),
    crc32: bytes.readUInt32LE(48),
    origin: bytes.readUInt32LE(52) === 1 ? 'result' : 'received',
    receivedAt: bytes.readDoubleLE(56),
    headerLength: Number(bytes.readBigUInt64LE(64)),
  };
}

/** The 16 bytes behind the data. They end a record: without them its end never reached the disk. */
export function writeTrailer(target: Buffer, at: number, dataCrc32: number, dataLength: number): void {
  target.writeBigUInt64LE(TRAILER_MAGIC, at);
  target.writeUInt32LE(dataCrc32, at + 8);
  target.writeUInt32LE(dataLength % 0x1_0000_0000, at + 12);
}

export function isTrailer(bytes: Buffer, header: RecordHeader): boolean {
  return bytes.length >= RECORD_TRAILER_BYTES && bytes.readBigUInt64LE(0) === TRAILER_MAGIC && bytes.readUInt32LE(8) === header.crc32 && bytes.readUInt32LE(12) === header.dataLength % 0x1_0000_0000;
}

/** The first block of a segment file. */
export function writeSegmentHeader(target: Buffer, header: SegmentHeader): void {
  target.fill(0, 0, BLOCK);
  target.writeBigUInt64LE(SEGMENT_MAGIC, 0);
  target.writeBigUInt64LE(header.salt, 16);
  target.writeBigUInt64LE(BigInt(header.segment), 24);
  target.writeDoubleLE(header.createdAt, 32);
  target.writeUInt32LE(header.sealed ? 1 : 0, 40);
  writeText(target, 48, header.writer, BLOCK);
  target.writeUInt32LE(crc32(target.subarray(12, BLOCK)), 8);
}

export function readSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < BLOCK || bytes.readBigUInt64LE(0) !== SEGMENT_MAGIC || crc32(bytes.subarray(12, BLOCK)) !== bytes.readUInt32LE(8)) return undefined;
  return {
    salt: bytes.readBigUInt64LE(16),
    segment: Number(bytes.readBigUInt64LE(24)),
    createdAt: bytes.readDoubleLE(32),
    sealed: bytes.readUInt32LE(40) === 1,
    writer: bytes.toString('utf8', 50, 50 + Math.min(MAX_TEXT_BYTES, bytes.readUInt16LE(48))),
  };
}

export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Writes length and text, cut so that it ends before `end`. */
function writeText(target: Buffer, at: number, text: string, end: number): number {
  const length = target.write(text, at + 2, Math.min(MAX_TEXT_BYTES, end - at - 2), 'utf8');
  target.writeUInt16LE(length, at);
  return at + 2 + length;
}

function readTexts(bytes: Buffer): Record<(typeof textFields)[number], string> {
  let at = STRINGS_AT;
  const texts: Partial<Record<(typeof textFields)[number], string>> = {};
  for (const field of textFields) {
    const length = Math.min(bytes.readUInt16LE(at), MAX_TEXT_BYTES);
    texts[field] = bytes.toString('utf8', at + 2, at + 2 + length);
    at += 2 + length;
  }
  return texts as Record<(typeof textFields)[number], string>;
}
