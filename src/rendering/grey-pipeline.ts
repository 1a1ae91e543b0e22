/**
 * The grayscale transformations of PS3.4 §N.2: stored values → Modality LUT → VOI LUT → Presentation LUT shape.
 */
export interface ModalityTransform {
  readonly slope: number;
  readonly intercept: number;
}

export interface VoiWindow {
  readonly center: number;
  readonly width: number;
  readonly function: 'linear' | 'linear-exact' | 'sigmoid';
}

/** A VOI LUT, PS3.3 §C.11.2.1.1: `values[v - first]` out of 2^bits. */
export interface VoiTable {
  readonly first: number;
  readonly bits: number;
  readonly values: Uint16Array;
}

/** Brightness 0–1 of a modality value through a window, PS3.3 §C.11.2.1.2 and §C.11.2.1.3. */
export function windowed(value: number, { center, width, function: shape }: VoiWindow): number {
  if (shape === 'sigmoid') return 1 / (1 + Math.exp((-4 * (value - center)) / width));
  const exact = shape === 'linear-exact';
  const [c, w] = exact ? [center, width] : [center - 0.5, width - 1];
  if (value <= c - w / 2) return 0;
  if (value > c + w / 2) return 1;
  return (value - c) / w + 0.5;
}

export function throughTable(value: number, { first, bits, values }: VoiTable): number {
  const at = Math.min(values.length - 1, Math.max(0, Math.round(value) - first));
  return (values[at] ?? 0) / (2 ** bits - 1);
}

/** The window that shows everything from `least` to `most` (modality values). */
export function fullWindow(least: number, most: number): VoiWindow {
  return { center: (least + most) / 2, width: Math.max(most - least, 1e-6), function: 'linear-exact' };
}
