import { createHash, randomBytes } from 'node:crypto';

/**
 * A UID under 2.25 that is a function of its parts alone (ADR 0006): the same parts give the same UID on every machine,
 * so a repeat after "sent, no answer" is byte-identical and recognisable.
 *
 * Form: 2.25.<decimal of a 128-bit number>, PS3.5 §B.2. The number is the first 16 bytes of SHA-256 over the parts with
 * version nibble 8 and the RFC 9562 variant, so it is a valid UUID too. Length ≤ 44.
 */
export function derivedUid(...parts: readonly string[]): string {
  return uidOf(derivedBytes(parts));
}

/** A new UID under 2.25 from 122 random bits (PS3.5 §B.2). */
export function randomUid(): string {
  return uidOf(stamp(randomBytes(16), 0x40));
}

/** The UUID (RFC 9562 version 8) with the same 128 bits as `derivedUid` of the same parts. */
export function derivedUuid(...parts: readonly string[]): string {
  const hex = derivedBytes(parts).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** True when `text` is a syntactically valid UID: 1–64 characters, digits and dots, no empty component, no leading zeros (PS3.5 §9.1). */
export function isUid(text: string): boolean {
  return text.length <= 64 && /^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/.test(text);
}

function derivedBytes(parts: readonly string[]): Buffer {
  const hash = createHash('sha256');
  // Each part is preceded by its length, so that ('ab','c') and ('a','bc') differ.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return stamp(hash.digest().subarray(0, 16), 0x80);
}

function stamp(bytes: Buffer, version: number): Buffer {
  bytes[6] = (bytes[6]! & 0x0f) | version;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes;
}

function uidOf(bytes: Buffer): string {
  return `2.25.${BigInt(`0x${bytes.toString('hex')}`).toString(10)}`;
}
