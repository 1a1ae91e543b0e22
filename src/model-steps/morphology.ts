import type { Mask, Triple } from './volume.ts';

/** Dilation by a box of (2r + 1)³ voxels. Outside the grid counts as 0. */
export function dilateBox(mask: Mask, r: number): Mask {
  let data = mask.data;
  for (const axis of [0, 1, 2] as const) data = spread(data, mask.dims, axis, r, 1);
  return { ...mask, data };
}

/** Erosion by a box of (2r + 1)³ voxels. Outside the grid does not erode. */
export function erodeBox(mask: Mask, r: number): Mask {
  let data = mask.data;
  for (const axis of [0, 1, 2] as const) data = spread(data, mask.dims, axis, r, 0);
  return { ...mask, data };
}

/** Dilation then erosion: fills holes and bays narrower than 2r + 1 voxels; never removes a voxel. */
export function closeBox(mask: Mask, r: number): Mask {
  const closed = erodeBox(dilateBox(mask, r), r);
  // At the edge of the grid erosion and dilation differ in what they take for outside; the union keeps every voxel.
  for (let q = 0; q < mask.data.length; q++) closed.data[q]! |= mask.data[q]!;
  return closed;
}

/** Spreads `value` (0 or 1) by r voxels both ways along one axis. Works row by row so that memory is read in order. */
function spread(source: Uint8Array, [nz, ny, nx]: Triple, axis: 0 | 1 | 2, r: number, value: 0 | 1): Uint8Array {
  const out = source.slice();
  if (axis === 2) {
    spreadRows(source, out, nz * ny, nx, r, value);
    return out;
  }
  const [blocks, blockStride, lines, lineStride] = axis === 1 ? [nz, ny * nx, ny, nx] : [ny, nx, nz, ny * nx];
  for (let b = 0; b < blocks; b++) spreadLines(source, out, { base: b * blockStride, lines, stride: lineStride, nx }, r, value);
  return out;
}

/** Lines of nx voxels that lie `stride` apart: spreads from line to line, down and up again. */
function spreadLines(source: Uint8Array, out: Uint8Array, block: { base: number; lines: number; stride: number; nx: number }, r: number, value: 0 | 1): void {
  const since = new Int32Array(block.nx);
  for (const direction of [1, -1]) {
    since.fill(r + 1);
    for (let step = 0; step < block.lines; step++) {
      const line = direction === 1 ? step : block.lines - 1 - step;
      const base = block.base + line * block.stride;
      for (let i = 0; i < block.nx; i++) {
        const s = source[base + i] === value ? 0 : since[i]! + 1;
        since[i] = s;
        if (s <= r) out[base + i] = value;
      }
    }
  }
}

function spreadRows(source: Uint8Array, out: Uint8Array, rows: number, nx: number, r: number, value: 0 | 1): void {
  for (let row = 0; row < rows; row++) {
    const base = row * nx;
    let since = r + 1;
    for (let i = 0; i < nx; i++) {
      since = source[base + i] === value ? 0 : since + 1;
      if (since <= r) out[base + i] = value;
    }
    since = r + 1;
    for (let i = nx - 1; i >= 0; i--) {
      since = source[base + i] === value ? 0 : since + 1;
      if (since <= r) out[base + i] = value;
    }
  }
}
