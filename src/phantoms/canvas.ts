/** The voxel grid a CT phantom is drawn into, and the shapes that can be drawn. HU, float; mm in the patient's system. */
import type { Dims } from './volume-blur.ts';
import { dot, minus, type Vec3 } from './vector.ts';

export interface Canvas {
  readonly dims: Dims;
  /** Between slices, between rows, between columns. */
  readonly spacing: Vec3;
  /** Patient position (x, y, z) of the centre of voxel 0. */
  readonly origin: Vec3;
  /** Width of the ramp at each border, for partial volume. */
  readonly softness: number;
  readonly hu: Float32Array;
}

/** Index bounds, both ends included: z, y, x. */
export interface VoxelBox {
  readonly from: Vec3;
  readonly to: Vec3;
}

/** The voxels whose centres lie within `margin` of the box around a and b; empty (from > to) when outside of the grid. */
export function boxAround(canvas: Canvas, a: Vec3, b: Vec3, margin: number): VoxelBox {
  const from = [0, 0, 0], to = [0, 0, 0];
  for (const axis of [0, 1, 2] as const) {
    const at = 2 - axis; // axis z is coordinate 2
    const origin = canvas.origin[at]!, step = canvas.spacing[axis];
    from[axis] = Math.max(0, Math.ceil((Math.min(a[at]!, b[at]!) - margin - origin) / step));
    to[axis] = Math.min(canvas.dims[axis] - 1, Math.floor((Math.max(a[at]!, b[at]!) + margin - origin) / step));
  }
  return { from: from as unknown as Vec3, to: to as unknown as Vec3 };
}

export interface Capsule {
  readonly from: Vec3;
  readonly to: Vec3;
  readonly fromRadius: number;
  readonly toRadius: number;
  readonly hu: number;
  /** Share of the radius that is air, 0 to 1: an airway. */
  readonly lumen?: number;
}

const AIRWAY_AIR = -960;

/** Draws a tapered cylinder with round ends. It only makes brighter, except for its lumen. */
export function drawCapsule(canvas: Canvas, capsule: Capsule): void {
  const { from: a, to: b, fromRadius, toRadius, hu, lumen = 0 } = capsule;
  const out = canvas.hu, [, rows, columns] = canvas.dims, soft = canvas.softness;
  const axis = minus(b, a), length2 = dot(axis, axis) || 1e-6;
  const box = boxAround(canvas, a, b, Math.max(fromRadius, toRadius) + soft);
  for (let k = box.from[0]; k <= box.to[0]; k++) {
    const dz = canvas.origin[2] + k * canvas.spacing[0] - a[2];
    for (let j = box.from[1]; j <= box.to[1]; j++) {
      const dy = canvas.origin[1] + j * canvas.spacing[1] - a[1];
      const base = (k * rows + j) * columns;
      for (let i = box.from[2]; i <= box.to[2]; i++) {
        const dx = canvas.origin[0] + i * canvas.spacing[2] - a[0];
        const along = (dx * axis[0] + dy * axis[1] + dz * axis[2]) / length2;
        const t = along < 0 ? 0 : along > 1 ? 1 : along;
        const ex = dx - t * axis[0], ey = dy - t * axis[1], ez = dz - t * axis[2];
        const radius = fromRadius + (toRadius - fromRadius) * t;
        const distance = Math.sqrt(ex * ex + ey * ey + ez * ez);
        const share = (radius - distance) / soft + 0.5;
        if (share <= 0) continue;
        const before = out[base + i]!;
        const wall = before < hu ? before + (hu - before) * (share > 1 ? 1 : share) : before;
        const air = lumen > 0 ? Math.max(0, Math.min(1, (radius * lumen - distance) / soft + 0.5)) : 0;
        out[base + i] = wall + (AIRWAY_AIR - wall) * air;
      }
    }
  }
}

export interface Plate {
  readonly centre: Vec3;
  /** The thin direction, length one. */
  readonly normal: Vec3;
  readonly thickness: number;
  readonly radius: number;
  readonly hu: number;
  /** `raise`: brightens to hu, with a sharp border. `add`: adds hu to lung only, fading outwards. */
  readonly mode: 'raise' | 'add';
}

/** Draws a flattened ellipsoid of half axes `thickness` along the normal and `radius` across. */
export function drawPlate(canvas: Canvas, plate: Plate): void {
  const { centre, normal, thickness, radius, hu, mode } = plate;
  const out = canvas.hu, [, rows, columns] = canvas.dims;
  const box = boxAround(canvas, centre, centre, Math.max(radius, thickness) + 1);
  for (let k = box.from[0]; k <= box.to[0]; k++) {
    const dz = canvas.origin[2] + k * canvas.spacing[0] - centre[2];
    for (let j = box.from[1]; j <= box.to[1]; j++) {
      const dy = canvas.origin[1] + j * canvas.spacing[1] - centre[1];
      const base = (k * rows + j) * columns;
      for (let i = box.from[2]; i <= box.to[2]; i++) {
        const dx = canvas.origin[0] + i * canvas.spacing[2] - centre[0];
        const along = dx * normal[0] + dy * normal[1] + dz * normal[2];
        const across2 = Math.max(0, dx * dx + dy * dy + dz * dz - along * along);
        const edge = 1 - Math.sqrt((along * along) / (thickness * thickness) + across2 / (radius * radius));
        const share = mode === 'add' ? edge * 2 : (edge * thickness) / canvas.softness + 0.5;
        if (share <= 0) continue;
        const before = out[base + i]!, part = share > 1 ? 1 : share;
        if (mode === 'raise') out[base + i] = before < hu ? before + (hu - before) * part : before;
        else if (before < -300) out[base + i] = before + hu * part;
      }
    }
  }
}
