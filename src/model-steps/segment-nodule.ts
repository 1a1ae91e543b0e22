import { connectedComponents } from './components.ts';
import { distanceInside } from './distance-transform.ts';
import { median, type Mask, type Triple, type Volume } from './volume.ts';

/** The outline of one nodule on the source grid. */
export interface NoduleRegion {
  /** Position of the box in the source volume; `mask` has the box's size. */
  readonly corner: Triple;
  readonly mask: Mask;
  /** HU at which the nodule was parted from the lung. */
  readonly thresholdHu: number;
  /** Median HU of the inner part. */
  readonly coreHu: number;
}

export interface SegmentationSeed {
  /** Centre on the source grid, z y x with fraction. */
  readonly voxel: Triple;
  /** What the detector says; the outline may reach 1.5 times as far. */
  readonly diameterMm: number;
}

const REACH_PER_DIAMETER = 0.75;
const REACH_MARGIN_MM = 2;
/** Lung around the nodule is read in a shell this thick. */
const SHELL_MM = 6;
const LUNG_HU = -850;
const AERATED_HU = -500;
/** Half maximum is kept above the lung and below soft tissue, so that a calcified nodule keeps its soft rim. */
const HIGHEST_THRESHOLD_HU = -250;
const LEAST_CONTRAST_HU = 80;
const LEAST_EDGE_CONTRAST_HU = 150;
const SMALLEST_WITH_EDGE_MM = 5;

/**
 * Outlines a nodule from a detection: grows from the centre over voxels above half maximum (between the nodule's HU, at its edge, and the surrounding lung's),
 * within 0.75 diameters + 2 mm; then cuts off vessels and pleura by an opening with a ball of half the nodule's depth.
 *
 * The half maximum makes one rule fit solid (core 30 HU, threshold about −400) and ground-glass nodules (core −600, threshold about −725).
 *
 * @param source  HU on the source grid, any spacing
 * @returns       null when nothing at the place is brighter than the lung around it by 80 HU
 */
export function segmentNodule(source: Volume, seed: SegmentationSeed): NoduleRegion | null {
  const reach = seed.diameterMm * REACH_PER_DIAMETER + REACH_MARGIN_MM;
  const box = cropAround(source, seed.voxel, reach + SHELL_MM);
  const far = radii(box, seed.voxel, source.spacing);
  const coreHu = coreOf(box.hu, far, seed.diameterMm, source.spacing);
  const lungHu = lungAround(box.hu, far, seed.diameterMm / 2 + 1);
  if (coreHu - lungHu < LEAST_CONTRAST_HU) return null;
  const edgeHu = edgeOf(box.hu, far, seed.diameterMm, coreHu, lungHu);
  const thresholdHu = Math.min(HIGHEST_THRESHOLD_HU, (edgeHu + lungHu) / 2);

  const above = new Uint8Array(box.hu.length);
  for (let q = 0; q < above.length; q++) above[q] = box.hu[q]! >= thresholdHu && far[q]! <= reach ? 1 : 0;
  const grown = nearestComponent({ data: above, dims: box.dims, spacing: source.spacing }, far);
  if (grown === null) return null;
  const tight = cropToContent(grown, far);
  const corner: Triple = [box.corner[0] + tight.offset[0], box.corner[1] + tight.offset[1], box.corner[2] + tight.offset[2]];
  return { corner, mask: openNear(tight.mask, tight.far), thresholdHu, coreHu };
}

/** The part of the box that holds the mask: distances are costly, and most of the box is lung. */
function cropToContent(mask: Mask, far: Float32Array): { readonly offset: Triple; readonly mask: Mask; readonly far: Float32Array } {
  const [nz, ny, nx] = mask.dims;
  const low: [number, number, number] = [nz, ny, nx];
  const high: [number, number, number] = [-1, -1, -1];
  for (let row = 0; row < nz * ny; row++) {
    const line = mask.data.subarray(row * nx, (row + 1) * nx);
    const first = line.indexOf(1);
    if (first === -1) continue;
    const place = [Math.floor(row / ny), row % ny, first] as const;
    for (const axis of [0, 1, 2] as const) low[axis] = Math.min(low[axis], place[axis]);
    for (const axis of [0, 1] as const) high[axis] = Math.max(high[axis], place[axis]);
    high[2] = Math.max(high[2], line.lastIndexOf(1));
  }
  const dims: Triple = [high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1];
  const size = dims[0] * dims[1] * dims[2];
  const out = { data: new Uint8Array(size), far: new Float32Array(size) };
  for (let k = 0; k < dims[0]; k++)
    for (let j = 0; j < dims[1]; j++) {
      const from = ((low[0] + k) * ny + low[1] + j) * nx + low[2];
      out.data.set(mask.data.subarray(from, from + dims[2]), (k * dims[1] + j) * dims[2]);
      out.far.set(far.subarray(from, from + dims[2]), (k * dims[1] + j) * dims[2]);
    }
  return { offset: low, mask: { data: out.data, dims, spacing: mask.spacing }, far: out.far };
}

interface Box {
  readonly corner: Triple;
  readonly dims: Triple;
  readonly hu: Float32Array;
}

function cropAround(source: Volume, centre: Triple, reachMm: number): Box {
  const low = [0, 1, 2].map((a) => Math.max(0, Math.ceil(centre[a]! - reachMm / source.spacing[a]!))) as unknown as Triple;
  const high = [0, 1, 2].map((a) => Math.min(source.dims[a]! - 1, Math.floor(centre[a]! + reachMm / source.spacing[a]!))) as unknown as Triple;
  const dims = [0, 1, 2].map((a) => Math.max(1, high[a]! - low[a]! + 1)) as unknown as Triple;
  const corner = [0, 1, 2].map((a) => Math.min(low[a]!, source.dims[a]! - dims[a]!)) as unknown as Triple;
  const hu = new Float32Array(dims[0] * dims[1] * dims[2]);
  const [, ny, nx] = source.dims;
  for (let k = 0; k < dims[0]; k++)
    for (let j = 0; j < dims[1]; j++) {
      const from = ((corner[0] + k) * ny + corner[1] + j) * nx + corner[2];
      hu.set(source.data.subarray(from, from + dims[2]), (k * dims[1] + j) * dims[2]);
    }
  return { corner, dims, hu };
}

/** Distance of each voxel of the box from the seed, mm. */
function radii(box: Box, centre: Triple, spacing: Triple): Float32Array {
  const [nz, ny, nx] = box.dims;
  const far = new Float32Array(nz * ny * nx);
  let q = 0;
  for (let k = 0; k < nz; k++)
    for (let j = 0; j < ny; j++)
      for (let i = 0; i < nx; i++) {
        const z = (box.corner[0] + k - centre[0]) * spacing[0];
        const y = (box.corner[1] + j - centre[1]) * spacing[1];
        const x = (box.corner[2] + i - centre[2]) * spacing[2];
        far[q++] = Math.sqrt(z * z + y * y + x * x);
      }
  return far;
}

function coreOf(hu: Float32Array, far: Float32Array, diameterMm: number, spacing: Triple): number {
  // At least the voxel at the centre and its neighbours in plane, at most the inner third of the radius.
  const radius = Math.max(diameterMm / 6, Math.min(...spacing) * 1.1);
  const inner: number[] = [];
  let nearest = 0;
  for (let q = 0; q < hu.length; q++) {
    if (far[q]! <= radius) inner.push(hu[q]!);
    if (far[q]! < far[nearest]!) nearest = q;
  }
  return inner.length === 0 ? hu[nearest]! : median(inner);
}

/**
 * HU just inside the edge the detector expects: in a part-solid nodule the ground glass around its core, else much like the core. Not used when it
 * is hardly brighter than lung (the detector's diameter was too large), or in a nodule of few voxels, which is all edge.
 */
function edgeOf(hu: Float32Array, far: Float32Array, diameterMm: number, coreHu: number, lungHu: number): number {
  if (diameterMm < SMALLEST_WITH_EDGE_MM) return coreHu;
  const edge: number[] = [];
  for (let q = 0; q < hu.length; q++) if (far[q]! >= diameterMm * 0.25 && far[q]! <= diameterMm * 0.4) edge.push(hu[q]!);
  const edgeHu = edge.length === 0 ? coreHu : median(edge);
  return edgeHu - lungHu < LEAST_EDGE_CONTRAST_HU ? coreHu : Math.min(coreHu, edgeHu);
}

function lungAround(hu: Float32Array, far: Float32Array, radiusMm: number): number {
  const shell: number[] = [];
  for (let q = 0; q < hu.length; q++) if (far[q]! >= radiusMm && far[q]! <= radiusMm + SHELL_MM && hu[q]! < AERATED_HU) shell.push(hu[q]!);
  return shell.length < 20 ? LUNG_HU : median(shell);
}

/** The component that holds the voxel nearest to the seed. */
function nearestComponent(mask: Mask, far: Float32Array): Mask | null {
  let nearest = -1;
  for (let q = 0; q < far.length; q++) if (mask.data[q] === 1 && (nearest === -1 || far[q]! < far[nearest]!)) nearest = q;
  if (nearest === -1) return null;
  const labels = connectedComponents(mask).labels();
  const chosen = labels[nearest]!;
  return { ...mask, data: Uint8Array.from(labels, (label) => (label === chosen ? 1 : 0)) };
}

/** Opening by a ball of half the nodule's depth: what hangs on by a thinner neck than half the nodule falls off. */
function openNear(region: Mask, far: Float32Array): Mask {
  const depth = distanceInside(region);
  const nearest = nearestDepth(depth, far, region);
  const radius = nearest * 0.5;
  const kept = new Uint8Array(depth.length);
  for (let q = 0; q < kept.length; q++) kept[q] = depth[q]! > radius ? 1 : 0;
  const core = nearestComponent({ ...region, data: kept }, far);
  if (core === null) return region;
  // Half a pixel more than was taken off: depth is measured to the centre of the nearest voxel outside, half a pixel beyond the edge.
  const back = radius + Math.min(...region.spacing) * 0.6;
  const away = distanceInside({ ...region, data: core.data.map((v) => 1 - v) }, 'ignored');
  const data = new Uint8Array(depth.length);
  for (let q = 0; q < data.length; q++) data[q] = region.data[q] === 1 && away[q]! <= back ? 1 : 0;
  return { ...region, data };
}

/** Largest depth within the inner part of the region: half the thickness of the nodule itself, not of a wall it may touch. */
function nearestDepth(depth: Float32Array, far: Float32Array, region: Mask): number {
  const reach = Math.max(...region.spacing) * 1.5;
  let largest = 0;
  let nearestFar = Infinity;
  for (let q = 0; q < depth.length; q++) if (region.data[q] === 1 && far[q]! < nearestFar) nearestFar = far[q]!;
  for (let q = 0; q < depth.length; q++) if (region.data[q] === 1 && far[q]! <= nearestFar + reach) largest = Math.max(largest, depth[q]!);
  return largest;
}
