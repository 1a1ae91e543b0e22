import type { Tag, Vr } from './data-set.ts';

export const UNDEFINED_LENGTH = 0xffffffff;
export const ITEM: Tag = 0xfffee000;
export const ITEM_DELIMITER: Tag = 0xfffee00d;
export const SEQUENCE_DELIMITER: Tag = 0xfffee0dd;

const SHORT_VRS: readonly Vr[] = ['AE', 'AS', 'AT', 'CS', 'DA', 'DS', 'DT', 'FD', 'FL', 'IS', 'LO', 'LT', 'PN', 'SH', 'SL', 'SS', 'ST', 'TM', 'UI', 'UL', 'US'];
const LONG_VRS: readonly Vr[] = ['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'];

/** How the two letters of a VR read. `unknownLong`: capitals that PS3.5 does not have yet; a new VR has a 32-bit length (§6.2). */
export type VrCode = { readonly vr: Vr; readonly long: boolean };

const codes: (VrCode | undefined)[] = Array.from({ length: 0x10000 });
for (const first of capitals()) for (const second of capitals()) codes[first * 256 + second] = { vr: 'UN', long: true };
for (const vr of SHORT_VRS) codes[codeOf(vr)] = { vr, long: false };
for (const vr of LONG_VRS) codes[codeOf(vr)] = { vr, long: true };
/** 1 where the two letters (first × 256 + second) stand before a 32-bit length. */
export const longLengthTable = Uint8Array.from(codes, (code) => (code?.long === true ? 1 : 0));
const garbled: VrCode = { vr: 'UN', long: false };

/** The VR of two bytes of an explicit header. Bytes that are no capitals (`??`, blanks, NULs) read as UN with a 16-bit length. */
export function vrCode(first: number, second: number): VrCode {
  return codes[first * 256 + second] ?? garbled;
}

/**
 * True when what was announced as explicit must be implicit: the first element has no VR, and its bytes read well as an implicit
 * length: undefined, or even and below 64 KB. (`??`, blanks and NULs, which some writers put for a VR, do not read so.)
 */
export function startsImplicit(bytes: Uint8Array, at: number, littleEndian: boolean): boolean {
  if (bytes.length - at < 8 || codes[bytes[at + 4]! * 256 + bytes[at + 5]!] !== undefined) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  if (view.getUint16(0, littleEndian) === 0xfffe) return false;
  const length = view.getUint32(4, littleEndian);
  return length === UNDEFINED_LENGTH || (length < 0x10000 && length % 2 === 0 && length !== 0x2020);
}

/** True when the length field of this VR has 32 bits, behind two reserved bytes (PS3.5 §7.1.2). */
export function hasLongLength(vr: Vr): boolean {
  return codes[codeOf(vr)]!.long;
}

function codeOf(vr: string): number {
  return vr.charCodeAt(0) * 256 + vr.charCodeAt(1);
}

function capitals(): number[] {
  return Array.from({ length: 26 }, (_, i) => 0x41 + i);
}

/** True when the header at `at` has a VR that PS3.5 knows. */
export function looksExplicit(bytes: Uint8Array, at: number): boolean {
  const vr = String.fromCharCode(bytes[at + 4]!, bytes[at + 5]!);
  return (SHORT_VRS as readonly string[]).includes(vr) || (LONG_VRS as readonly string[]).includes(vr);
}
