import type { Mask, Triple } from './volume.ts';

/** One connected component of a mask. */
export interface Component {
  readonly voxels: number;
  /** Mean index, z y x. */
  readonly centre: Triple;
  /** Reaches the first or last column or row. */
  readonly touchesSide: boolean;
  readonly touchesFirstSlice: boolean;
  readonly touchesLastSlice: boolean;
}

export interface Components {
  readonly list: readonly Component[];
  /** Sets `value` at every voxel of the component with this index. */
  paint(index: number, target: Uint8Array, value: number): void;
  /** Index + 1 of the component of each voxel, 0 where the mask is 0. */
  labels(): Int32Array;
}

/**
 * 6-connected components of a mask, found on runs along x with union-find: time is one pass over the voxels, memory that of the runs,
 * and no recursion that could overflow.
 */
export function connectedComponents(mask: Mask): Components {
  const runs = findRuns(mask);
  const parent = joinRuns(runs, mask.dims);
  const indexOf = new Map<number, number>();
  const sums: Sum[] = [];
  const members: number[][] = [];
  for (let r = 0; r < runs.count; r++) {
    const root = find(parent, r);
    let index = indexOf.get(root);
    if (index === undefined) {
      index = sums.length;
      indexOf.set(root, index);
      sums.push({ voxels: 0, z: 0, y: 0, x: 0, touchesSide: false, touchesFirstSlice: false, touchesLastSlice: false });
      members.push([]);
    }
    members[index]!.push(r);
    addRun(sums[index]!, runs, r, mask.dims);
  }
  return {
    list: sums.map(({ z, y, x, ...rest }) => ({ ...rest, centre: [z / rest.voxels, y / rest.voxels, x / rest.voxels] })),
    paint: (index, target, value) => {
      for (const r of members[index] ?? []) target.fill(value, runs.row[r]! * mask.dims[2] + runs.start[r]!, runs.row[r]! * mask.dims[2] + runs.end[r]!);
    },
    labels: () => {
      const labels = new Int32Array(mask.data.length);
      members.forEach((list, index) => {
        for (const r of list) labels.fill(index + 1, runs.row[r]! * mask.dims[2] + runs.start[r]!, runs.row[r]! * mask.dims[2] + runs.end[r]!);
      });
      return labels;
    },
  };
}

interface Sum {
  voxels: number;
  z: number;
  y: number;
  x: number;
  touchesSide: boolean;
  touchesFirstSlice: boolean;
  touchesLastSlice: boolean;
}

/** Maximal runs of ones: `row` = z * ny + y, columns [start, end). Sorted; firstOfRow[row] … firstOfRow[row + 1] are the runs of a row. */
interface Runs {
  readonly count: number;
  readonly row: Int32Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly firstOfRow: Int32Array;
}

function findRuns({ data, dims: [nz, ny, nx] }: Mask): Runs {
  const rows = nz * ny;
  const firstOfRow = new Int32Array(rows + 1);
  let capacity = Math.max(1024, rows * 4);
  let [row, start, end] = [new Int32Array(capacity), new Int32Array(capacity), new Int32Array(capacity)];
  let count = 0;
  for (let r = 0; r < rows; r++) {
    firstOfRow[r] = count;
    const base = r * nx;
    for (let i = 0; i < nx; i++) {
      if (data[base + i] === 0) continue;
      const from = i;
      while (i < nx && data[base + i] !== 0) i++;
      if (count === capacity) {
        capacity *= 2;
        [row, start, end] = [grown(row, capacity), grown(start, capacity), grown(end, capacity)];
      }
      row[count] = r;
      start[count] = from;
      end[count] = i;
      count++;
    }
  }
  firstOfRow[rows] = count;
  return { count, row, start, end, firstOfRow };
}

function grown(array: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(capacity);
  larger.set(array);
  return larger;
}

function joinRuns(runs: Runs, [nz, ny]: Triple): Int32Array {
  const parent = Int32Array.from({ length: runs.count }, (_, i) => i);
  for (let z = 0; z < nz; z++)
    for (let y = 0; y < ny; y++) {
      const row = z * ny + y;
      if (y > 0) joinRows(runs, parent, row, row - 1);
      if (z > 0) joinRows(runs, parent, row, row - ny);
    }
  return parent;
}

function joinRows(runs: Runs, parent: Int32Array, here: number, there: number): void {
  let a = runs.firstOfRow[here]!;
  let b = runs.firstOfRow[there]!;
  const aEnd = runs.firstOfRow[here + 1]!;
  const bEnd = runs.firstOfRow[there + 1]!;
  while (a < aEnd && b < bEnd) {
    if (runs.start[a]! < runs.end[b]! && runs.start[b]! < runs.end[a]!) unite(parent, a, b);
    if (runs.end[a]! < runs.end[b]!) a++;
    else b++;
  }
}

function find(parent: Int32Array, node: number): number {
  let root = node;
  while (parent[root] !== root) {
    parent[root] = parent[parent[root]!]!;
    root = parent[root]!;
  }
  return root;
}

function unite(parent: Int32Array, a: number, b: number): void {
  const [rootA, rootB] = [find(parent, a), find(parent, b)];
  // The lower run becomes the root, so that numbering does not depend on the order of joining.
  if (rootA < rootB) parent[rootB] = rootA;
  else parent[rootA] = rootB;
}

function addRun(sum: Sum, runs: Runs, r: number, [nz, ny, nx]: Triple): void {
  const [from, to] = [runs.start[r]!, runs.end[r]!];
  const z = Math.floor(runs.row[r]! / ny);
  const y = runs.row[r]! - z * ny;
  const size = to - from;
  sum.voxels += size;
  sum.z += z * size;
  sum.y += y * size;
  sum.x += ((from + to - 1) / 2) * size;
  if (from === 0 || to === nx || y === 0 || y === ny - 1) sum.touchesSide = true;
  if (z === 0) sum.touchesFirstSlice = true;
  if (z === nz - 1) sum.touchesLastSlice = true;
}
