import { fault, ok, type Result } from '../foundation/result.ts';
import type { Point3 } from '../domain/findings.ts';
import type { VolumeGeometry } from './geometry.ts';
import type { SourceAxis } from './resample.ts';
import type { Triple } from './volume.ts';

/** Letter → patient axis (x, y, z) and the sign in which it grows. */
const LETTERS: Readonly<Record<string, readonly [axis: 0 | 1 | 2, sign: 1 | -1]>> = { L: [0, 1], R: [0, -1], P: [1, 1], A: [1, -1], S: [2, 1], I: [2, -1] };

/** How a target grid is read from a source grid: the source's axes in the target's order z, y, x. */
export interface Orientation {
  readonly axes: readonly [SourceAxis, SourceAxis, SourceAxis];
  /** sourceOf[t] is the source axis (0 z, 1 y, 2 x) that target axis t reads. */
  readonly sourceOf: readonly [0 | 1 | 2, 0 | 1 | 2, 0 | 1 | 2];
}

/**
 * Finds the flips and swaps that bring a volume to an orientation.
 *
 * @param letters  three letters, x y z: where each index grows towards; `LPS` is an axial head-first series sorted upwards, `RAS` has x and y
 *                 turned round (nnU-Net, MONAI); `native` keeps the source as it is
 * Fault: the volume is too oblique (an axis more than 45° from every patient axis, or two axes nearest to the same one).
 */
export function orient(geometry: VolumeGeometry, letters: string): Result<Orientation, string> {
  const strides = [geometry.dims[1] * geometry.dims[2], geometry.dims[2], 1];
  const sourceAxis = (axis: 0 | 1 | 2, flipped: boolean): SourceAxis => ({
    count: geometry.dims[axis],
    stride: strides[axis]!,
    spacing: geometry.spacing[axis],
    flipped,
    ...(axis === 0 && geometry.maxSpacingDeviationMm + geometry.missingSlices > 0.01 ? { offsets: geometry.sliceOffsets } : {}),
  });
  if (letters === 'native') return ok({ axes: [sourceAxis(0, false), sourceAxis(1, false), sourceAxis(2, false)], sourceOf: [0, 1, 2] });

  const nearest = geometry.directions.map(dominant);
  const chosen = letters.split('').reverse().map((letter) => {
    const [patientAxis, sign] = LETTERS[letter]!;
    const axis = nearest.findIndex((n) => n.axis === patientAxis) as 0 | 1 | 2 | -1;
    return axis === -1 ? undefined : { axis, flipped: nearest[axis]!.sign !== sign };
  });
  const [z, y, x] = chosen;
  if (z === undefined || y === undefined || x === undefined || nearest.some((n) => n.cosine < Math.SQRT1_2))
    return fault('the images are too oblique for the orientation the model needs');
  return ok({ axes: [sourceAxis(z.axis, z.flipped), sourceAxis(y.axis, y.flipped), sourceAxis(x.axis, x.flipped)], sourceOf: [z.axis, y.axis, x.axis] });
}

/** Source voxel position (z, y, x of the source) of a position in the resampled target. */
export function toSource(orientation: Orientation, spacing: Triple, target: Triple, indexOf: (axis: SourceAxis, target: number, spacing: number) => number): Triple {
  const source: [number, number, number] = [0, 0, 0];
  for (const t of [0, 1, 2] as const) source[orientation.sourceOf[t]] = indexOf(orientation.axes[t], target[t], spacing[t]);
  return source;
}

/** Angle between a slice normal and the nearest patient axis, and which one: 0 sagittal, 1 coronal, 2 axial. */
export function planeKind(normal: Point3): { readonly axis: 0 | 1 | 2; readonly obliqueDeg: number } {
  const { axis, cosine } = dominant(normal);
  return { axis, obliqueDeg: (Math.acos(Math.min(1, cosine)) * 180) / Math.PI };
}

function dominant(direction: Point3): { axis: 0 | 1 | 2; sign: 1 | -1; cosine: number } {
  const size = direction.map(Math.abs);
  const axis = size.indexOf(Math.max(...size)) as 0 | 1 | 2;
  return { axis, sign: direction[axis] >= 0 ? 1 : -1, cosine: size[axis]! };
}
