import type { LungMask } from './lung-mask.ts';

/** Parts nearer to each other than this, left to right, are not two lungs. */
const APART_MM = 60;
/** Nearer to the midline than this, the side is not said. */
const MIDLINE_MM = 15;

/**
 * Side of the body of a place in the lungs, from the lungs themselves: never from the place in the image.
 *
 * @param xMm          patient coordinate of the place (grows to the left)
 * @param lung         its parts
 * @param patientXOf   patient x of a part's centre
 * @returns            null when the lungs do not tell: fewer than two parts apart and no midline, or too near to it
 */
export function sideOf(xMm: number, lung: LungMask, patientXOf: (centre: LungMask['parts'][number]['centre']) => number): 'left' | 'right' | null {
  const parts = lung.parts.map((part) => ({ ml: part.ml, x: patientXOf(part.centre) }));
  const [first, second] = parts;
  if (first === undefined) return null;
  // Lungs joined by the airways are one part: its centre is the midline. Else the midline lies between the two largest.
  const isPair = second !== undefined && second.ml > 0.2 * first.ml && Math.abs(first.x - second.x) > APART_MM;
  const joined = parts.length === 1;
  if (!isPair && !joined) return null;
  const midline = isPair ? (first.x + second.x) / 2 : first.x;
  if (Math.abs(xMm - midline) < MIDLINE_MM) return null;
  return xMm > midline ? 'left' : 'right';
}
