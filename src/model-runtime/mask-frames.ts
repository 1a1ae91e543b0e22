import type { MaskFrame } from '../domain/findings.ts';
import type { Mask, Triple } from '../model-steps/volume.ts';

/**
 * Spreads a region's box into whole frames of the source: one for each slice that holds at least one pixel, in order.
 *
 * @param dims  of the source, z y x
 */
export function maskFrames(region: { readonly corner: Triple; readonly mask: Mask }, dims: Triple): MaskFrame[] {
  const { corner, mask } = region;
  const [nz, ny, nx] = mask.dims;
  const frames: MaskFrame[] = [];
  for (let k = 0; k < nz; k++) {
    const plane = mask.data.subarray(k * ny * nx, (k + 1) * ny * nx);
    if (!plane.includes(1)) continue;
    const frame = new Uint8Array(dims[1] * dims[2]);
    for (let j = 0; j < ny; j++) frame.set(plane.subarray(j * nx, (j + 1) * nx), (corner[1] + j) * dims[2] + corner[2]);
    frames.push({ imageIndex: corner[0] + k, mask: frame });
  }
  return frames;
}
