import type { Mask } from './volume.ts';

/** Dilation by a box of (2r + 1)³ voxels. Outside the grid counts as 0. */
export function dilateBox(mask: Mask, r: number): Mask {
  const rows = pack(mask);
  spread(rows, r);
  return { ...mask, data: unpack(rows) };
}

/** Erosion by a box of (2r + 1)³ voxels. Outside the grid does not erode. */
export function erodeBox(mask: Mask, r: number): Mask {
  const background = dilateBox({ ...mask, data: complement(mask.data) }, r);
  return { ...mask, data: complement(background.data) };
}

/** Dilation then erosion: fills holes and bays narrower than 2r + 1 voxels; never removes a voxel. */
export function closeBox(mask: Mask, r: number): Mask {
  const closed = erodeBox(dilateBox(mask, r), r);
  // At the edge of the grid erosion and dilation differ in what they take for outside; the union keeps every voxel.
  for (let q = 0; q < mask.data.length; q++) closed.data[q]! |= mask.data[q]!;
  return closed;
}

function complement(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let q = 0; q < data.length; q++) out[q] = 1 - data[q]!;
  return out;
}

/** A mask whose rows are padded to whole words, so that rows and slices can be joined four voxels at a time. */
interface PackedRows {
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  readonly wordsPerRow: number;
  readonly dims: Mask['dims'];
}

function pack({ data, dims }: Mask): PackedRows {
  const [nz, ny, nx] = dims;
  const wordsPerRow = Math.ceil(nx / 4);
  const words = new Uint32Array(nz * ny * wordsPerRow);
  const bytes = new Uint8Array(words.buffer);
  for (let row = 0; row < nz * ny; row++) bytes.set(data.subarray(row * nx, (row + 1) * nx), row * wordsPerRow * 4);
  return { words, bytes, wordsPerRow, dims };
}

function unpack({ bytes, wordsPerRow, dims: [nz, ny, nx] }: PackedRows): Uint8Array {
  const data = new Uint8Array(nz * ny * nx);
  for (let row = 0; row < nz * ny; row++) data.set(bytes.subarray(row * wordsPerRow * 4, row * wordsPerRow * 4 + nx), row * nx);
  return data;
}

/** Spreads ones by r voxels both ways along x, y and z, in place. */
function spread({ words, bytes, wordsPerRow, dims: [nz, ny, nx] }: PackedRows, r: number): void {
  for (let row = 0; row < nz * ny; row++) spreadRow(bytes, row * wordsPerRow * 4, nx, r);
  for (let z = 0; z < nz; z++) spreadLines(words.subarray(z * ny * wordsPerRow, (z + 1) * ny * wordsPerRow), ny, r);
  spreadLines(words, nz, r);
}

function spreadRow(bytes: Uint8Array, base: number, nx: number, r: number): void {
  // To the right, marking voxels with 2 so that they do not spread on; then to the left.
  let since = r + 1;
  for (let i = base; i < base + nx; i++) {
    since = bytes[i] === 1 ? 0 : since + 1;
    if (since <= r && since > 0) bytes[i] = 2;
  }
  since = r + 1;
  for (let i = base + nx - 1; i >= base; i--) {
    since = bytes[i] === 1 ? 0 : since + 1;
    if (since <= r && since > 0) bytes[i] = 2;
  }
  for (let i = base; i < base + nx; i++) if (bytes[i] === 2) bytes[i] = 1;
}

/**
 * Spreads ones by r lines up and down; a line is a row of a slice, or a whole slice. The reach is doubled with each pass: what has spread by n
 * lines, joined with itself n + 1 lines on, has spread by 2n + 1.
 */
function spreadLines(words: Uint32Array, lines: number, r: number): void {
  const size = words.length / lines;
  for (let reach = 0; reach < r; ) {
    const step = Math.min(reach + 1, r - reach);
    for (let q = words.length - 1; q >= step * size; q--) words[q]! |= words[q - step * size]!;
    reach += step;
  }
  for (let reach = 0; reach < r; ) {
    const step = Math.min(reach + 1, r - reach);
    for (let q = 0; q < words.length - step * size; q++) words[q]! |= words[q + step * size]!;
    reach += step;
  }
}
