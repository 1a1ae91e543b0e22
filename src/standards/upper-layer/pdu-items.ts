import { Buffer } from 'node:buffer';

/** One variable item of an association PDU: type, a reserved byte, a 16-bit length, the value (PS3.8 §9.3.2). */
export interface Item {
  readonly itemType: number;
  readonly bytes: Uint8Array;
}

/** Splits a run of items; undefined when a length runs past the end. The values are views of `bytes`. */
export function readItems(bytes: Uint8Array): readonly Item[] | undefined {
  const items: Item[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + uint16(bytes, at + 2);
    if (end > bytes.length) return undefined;
    items.push({ itemType: bytes[at]!, bytes: bytes.subarray(at + 4, end) });
    at = end;
  }
  return items;
}

/** Encodes one item. The parts together must stay below 64 KiB; longer ones are our own mistake. */
export function item(itemType: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  if (body.length > 0xffff) throw new RangeError(`item ${itemType} is ${body.length} bytes long`);
  return Buffer.concat([Uint8Array.of(itemType, 0), be16(body.length), body]);
}

export function textItem(itemType: number, text: string): Uint8Array {
  return item(itemType, ascii(text));
}

/**
 * A UID as text. PS3.8 §F.1 sends UIDs unpadded here; a trailing NUL or space is taken off because some senders pad them.
 */
export function uidOf(bytes: Uint8Array): string {
  return trimmed(bytes);
}

/** An AE title without padding. Deviates from PS3.8 §9.3.2: NUL padding is accepted too, some senders use it. */
export function aeTitleOf(bytes: Uint8Array): string {
  return trimmed(bytes);
}

/** An AE title in 16 bytes, padded with spaces; longer ones are our own mistake. */
export function aeTitleBytes(title: string): Uint8Array {
  if (title.length > 16) throw new RangeError('an AE title has at most 16 characters');
  return ascii(title.padEnd(16, ' '));
}

/** Two bytes length, then the bytes; undefined when they do not fit. `next` is the offset behind them. */
export function counted(bytes: Uint8Array, at: number): { readonly value: Uint8Array; readonly next: number } | undefined {
  if (at + 2 > bytes.length) return undefined;
  const next = at + 2 + uint16(bytes, at);
  return next > bytes.length ? undefined : { value: bytes.subarray(at + 2, next), next };
}

export function withCount(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([be16(bytes.length), bytes]);
}

export function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

export function be16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

export function be32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

export function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function trimmed(bytes: Uint8Array): string {
  let from = 0;
  let to = bytes.length;
  while (from < to && isPadding(bytes[from]!)) from += 1;
  while (to > from && isPadding(bytes[to - 1]!)) to -= 1;
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}

function isPadding(byte: number): boolean {
  return byte === 0x20 || byte === 0;
}
