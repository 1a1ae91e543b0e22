import type { Mask } from './volume.ts';

/**
 * Fills holes of a mask, slice by slice: what the mask encloses in a slice and is no larger than `largestMm2`.
 *
 * A solid nodule inside the lung is no air. Closing bridges small ones; a large one stays a hole, and what a detector sees in its middle
 * would be dropped as lying outside of the lung. The limit keeps out what lungs may enclose as well: the dome of the diaphragm.
 */
export function fillHoles({ data, dims, spacing }: Mask, largestMm2: number): Mask {
  const [nz, ny, nx] = dims;
  const most = Math.floor(largestMm2 / (spacing[1] * spacing[2]));
  const out = Uint8Array.from(data);
  const seen = new Uint8Array(ny * nx);
  const open = new Int32Array(ny * nx);
  for (let z = 0; z < nz; z++) {
    const slice = out.subarray(z * ny * nx, (z + 1) * ny * nx);
    seen.set(slice);
    for (let start = 0; start < slice.length; start++) {
      if (seen[start] !== 0) continue;
      const hole = flood(seen, open, start, ny, nx);
      if (!hole.touchesSide && hole.size <= most) for (let i = 0; i < hole.size; i++) slice[open[i]!] = 1;
    }
  }
  return { data: out, dims, spacing };
}

/** Marks the 4-connected region of zeros around `start`; its places are the first `size` entries of `open`. */
function flood(seen: Uint8Array, open: Int32Array, start: number, ny: number, nx: number): { readonly size: number; readonly touchesSide: boolean } {
  let size = 0;
  let touchesSide = false;
  const visit = (q: number): void => {
    if (seen[q] !== 0) return;
    seen[q] = 1;
    open[size++] = q;
  };
  visit(start);
  for (let next = 0; next < size; next++) {
    const q = open[next]!;
    const x = q % nx;
    const y = Math.floor(q / nx);
    if (x === 0 || y === 0 || x === nx - 1 || y === ny - 1) touchesSide = true;
    if (x > 0) visit(q - 1);
    if (x < nx - 1) visit(q + 1);
    if (y > 0) visit(q - nx);
    if (y < ny - 1) visit(q + nx);
  }
  return { size, touchesSide };
}
