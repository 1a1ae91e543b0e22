// 1 mm resampling and lung mask as in inference (see MODEL_CARD.md, "How it is run"); kept beside the recipe so that training data need only the phantom.
export interface Volume { readonly values: Float32Array; readonly dims: readonly [number, number, number]; readonly spacing: readonly [number, number, number] }
type Three = readonly [number, number, number];

/** Trilinear, on voxel centres: source = (target + 0.5) · out / in − 0.5, edges clamped. */
export function resample(source: ArrayLike<number>, dims: Three, spacing: Three, out: number): Volume {
  const size = dims.map((n, a) => Math.max(1, Math.round((n * spacing[a]!) / out))) as unknown as Three;
  const table = size.map((n, a) => axisTable(dims[a]!, n, out / spacing[a]!));
  const values = new Float32Array(size[0] * size[1] * size[2]);
  const [tz, ty, tx] = table as [Table, Table, Table], [, ny, nx] = dims;
  let p = 0;
  for (let k = 0; k < size[0]; k++) {
    const zA = tz.low[k]! * ny * nx, zB = tz.high[k]! * ny * nx, wz = tz.weight[k]!;
    for (let j = 0; j < size[1]; j++) {
      const yA = ty.low[j]! * nx, yB = ty.high[j]! * nx, wy = ty.weight[j]!;
      for (let i = 0; i < size[2]; i++) {
        const xA = tx.low[i]!, xB = tx.high[i]!, wx = tx.weight[i]!;
        const a = source[zA + yA + xA]!, b = source[zA + yB + xA]!, c = source[zB + yA + xA]!, d = source[zB + yB + xA]!;
        const a1 = a + (source[zA + yA + xB]! - a) * wx, b1 = b + (source[zA + yB + xB]! - b) * wx;
        const c1 = c + (source[zB + yA + xB]! - c) * wx, d1 = d + (source[zB + yB + xB]! - d) * wx;
        const near = a1 + (b1 - a1) * wy;
        values[p++] = near + (c1 + (d1 - c1) * wy - near) * wz;
      }
    }
  }
  return { values, dims: size, spacing: [out, out, out] };
}

interface Table { readonly low: Int32Array; readonly high: Int32Array; readonly weight: Float32Array }

function axisTable(from: number, to: number, ratio: number): Table {
  const low = new Int32Array(to), high = new Int32Array(to), weight = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const c = Math.max(0, Math.min(from - 1, (i + 0.5) * ratio - 0.5));
    low[i] = Math.floor(c);
    high[i] = Math.min(from - 1, low[i]! + 1);
    weight[i] = c - low[i]!;
  }
  return { low, high, weight };
}

/** Lung at 2 mm: below −400 HU, components not touching an x/y border, ≥ 100 ml, box closing of 4, box dilation of 1. */
export function lungMask(iso: Volume): { readonly values: Uint8Array; readonly dims: Three; readonly ml: number } {
  const low = resample(iso.values, iso.dims, iso.spacing, 2);
  const air = Uint8Array.from(low.values, (hu) => (hu < -400 ? 1 : 0));
  const mask = largeInnerComponents(air, low.dims);
  let voxels = 0;
  for (const v of mask) voxels += v;
  const closed = boxMorph(boxMorph(mask, low.dims, 4, 1), low.dims, 4, 0);
  for (let q = 0; q < mask.length; q++) if (mask[q] === 1) closed[q] = 1;
  return { values: boxMorph(closed, low.dims, 1, 1), dims: low.dims, ml: (voxels * 8) / 1000 };
}

function largeInnerComponents(air: Uint8Array, [nz, ny, nx]: Three): Uint8Array {
  const mask = new Uint8Array(air.length), seen = new Uint8Array(air.length), stack = new Int32Array(air.length), member = new Int32Array(air.length);
  for (let start = 0; start < air.length; start++) {
    if (air[start] === 0 || seen[start] === 1) continue;
    let top = 0, size = 0, touches = false;
    const visit = (q: number): void => { if (air[q] === 1 && seen[q] === 0) { seen[q] = 1; stack[top++] = q; } };
    visit(start);
    while (top > 0) {
      const q = stack[--top]!, x = q % nx, y = Math.floor(q / nx) % ny, z = Math.floor(q / (nx * ny));
      member[size++] = q;
      if (x === 0 || y === 0 || x === nx - 1 || y === ny - 1) touches = true;
      if (x > 0) visit(q - 1);
      if (x < nx - 1) visit(q + 1);
      if (y > 0) visit(q - nx);
      if (y < ny - 1) visit(q + nx);
      if (z > 0) visit(q - nx * ny);
      if (z < nz - 1) visit(q + nx * ny);
    }
    if (!touches && size * 8 >= 100e3) for (let m = 0; m < size; m++) mask[member[m]!] = 1;
  }
  return mask;
}

/** Separable box dilation (value 1) or erosion (value 0) by `r` voxels. */
function boxMorph(mask: Uint8Array, dims: Three, r: number, value: 0 | 1): Uint8Array {
  const strides = [dims[1] * dims[2], dims[2], 1];
  let source = mask;
  for (let axis = 0; axis < 3; axis++) {
    const target = Uint8Array.from(source), n = dims[axis]!, step = strides[axis]!;
    for (let q = 0; q < source.length; q++) {
      if (source[q] !== value) continue;
      const i = Math.floor(q / step) % n;
      if (i > 0 && source[q - step] === value && i < n - 1 && source[q + step] === value) continue; // inside a run: its ends cover it
      for (let d = -Math.min(r, i); d <= r && i + d < n; d++) target[q + d * step] = value;
    }
    source = target;
  }
  return source;
}
