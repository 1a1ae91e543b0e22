/** Gaussian blur of a volume, one axis at a time. Flat arrays, index = (z · rows + y) · columns + x. */

/** Slices, rows, columns. */
export type Dims = readonly [number, number, number];

/**
 * Blurs in place along one axis with edge replication.
 *
 * @param axis   0 = across slices, 1 = across rows, 2 = along a row
 * @param sigma  in voxels of that axis; below 0.15 nothing is done
 */
export function blurAxis(volume: Float32Array, dims: Dims, axis: 0 | 1 | 2, sigma: number): void {
  if (sigma < 0.15) return;
  const kernel = gaussianKernel(sigma);
  if (axis === 2) blurRows(volume, dims, kernel);
  else blurSheets(volume, dims, axis, kernel);
}

/**
 * Blurs across slices and keeps the mean of each `group` of neighbours: what a scanner makes one slice of.
 * The same as blurAxis(…, 0, sigma) and averaging, without computing slices that are averaged away.
 */
export function mergeSlices(volume: Float32Array, dims: Dims, group: number, sigma: number): Float32Array {
  const [slices, rows, columns] = dims, plane = rows * columns, count = slices / group;
  const single = sigma < 0.15 ? Float32Array.of(1) : gaussianKernel(sigma);
  const radius = (single.length - 1) >> 1;
  const weights = new Float32Array(single.length + group - 1);
  for (let g = 0; g < group; g++) for (let j = 0; j < single.length; j++) weights[g + j] = weights[g + j]! + single[j]! / group;
  const out = new Float32Array(count * plane);
  for (let k = 0; k < count; k++) {
    const target = out.subarray(k * plane, (k + 1) * plane);
    for (let j = 0; j < weights.length; j++) addLine(target, volume, Math.max(0, Math.min(slices - 1, k * group - radius + j)) * plane, weights[j]!);
  }
  return out;
}

/** Normalised, radius three sigma, at least one. */
function gaussianKernel(sigma: number): Float32Array {
  const radius = Math.max(1, Math.ceil(3 * sigma));
  const kernel = new Float32Array(2 * radius + 1);
  let sum = 0;
  for (let i = -radius; i <= radius; i++) sum += kernel[i + radius] = Math.exp((-i * i) / (2 * sigma * sigma));
  return kernel.map((weight) => weight / sum);
}

function blurRows(volume: Float32Array, [slices, rows, columns]: Dims, kernel: Float32Array): void {
  const radius = (kernel.length - 1) >> 1;
  const line = new Float32Array(columns + 2 * radius);
  for (let row = 0; row < slices * rows; row++) {
    const base = row * columns;
    line.set(volume.subarray(base, base + columns), radius);
    line.fill(volume[base]!, 0, radius);
    line.fill(volume[base + columns - 1]!, radius + columns);
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let j = 0; j < kernel.length; j++) sum += kernel[j]! * line[x + j]!;
      volume[base + x] = sum;
    }
  }
}

/** Works on sheets whose lines are whole rows: memory is read in order, whatever the axis. */
function blurSheets(volume: Float32Array, [slices, rows, columns]: Dims, axis: 0 | 1, kernel: Float32Array): void {
  const radius = (kernel.length - 1) >> 1;
  const count = axis === 0 ? slices : rows;
  const step = axis === 0 ? rows * columns : columns;
  const sheets = axis === 0 ? rows : slices;
  const sheetStep = axis === 0 ? columns : rows * columns;
  const copy = new Float32Array(count * columns);
  for (let sheet = 0; sheet < sheets; sheet++) {
    const base = sheet * sheetStep;
    for (let i = 0; i < count; i++) copy.set(volume.subarray(base + i * step, base + i * step + columns), i * columns);
    for (let i = 0; i < count; i++) {
      const out = volume.subarray(base + i * step, base + i * step + columns);
      out.fill(0);
      for (let j = -radius; j <= radius; j++) addLine(out, copy, Math.max(0, Math.min(count - 1, i + j)) * columns, kernel[j + radius]!);
    }
  }
}

function addLine(out: Float32Array, from: Float32Array, offset: number, weight: number): void {
  for (let x = 0; x < out.length; x++) out[x] = out[x]! + weight * from[offset + x]!;
}
