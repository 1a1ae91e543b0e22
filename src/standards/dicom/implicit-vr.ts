import type { Tag, Vr } from './data-set.ts';
import { vrOf } from './dictionary.ts';

/** Elements of PS3.6 with "US or SS": they follow Pixel Representation (PS3.5 §A.1). LUT descriptors are US here: their first value is. */
const FOLLOW_PIXEL_REPRESENTATION: ReadonlySet<Tag> = new Set([
  0x00280104, 0x00280105, 0x00280106, 0x00280107, 0x00280108, 0x00280109, 0x00280110, 0x00280111, 0x00280120, 0x00280121, 0x00409211, 0x00409216, 0x00603004, 0x00603006,
]);

/** VR of an element of an Implicit VR data set, PS3.5 §A.1. */
export function implicitVr(tag: Tag, signed: boolean): Vr {
  return signed && FOLLOW_PIXEL_REPRESENTATION.has(tag) ? 'SS' : vrOf(tag);
}

/**
 * The VR of a standard element that was written as UN: some converters from Implicit VR knew fewer elements than we do (PS3.5 §6.2.2 note 2
 * lets a reader that knows better decode it). Not to be asked for values of 64 KiB and more, which have UN for their length. Sequences stay UN: their bytes are nested, not a value.
 */
export function knownVr(tag: Tag, signed: boolean): Vr {
  if (((tag >>> 16) & 1) === 1) return 'UN';
  const vr = implicitVr(tag, signed);
  return vr === 'SQ' ? 'UN' : vr;
}
