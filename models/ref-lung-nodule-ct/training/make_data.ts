// Writes training phantoms: 1 mm isotropic 8-bit volumes, a lung mask on the 2 mm grid, the truth. Run with tsx (see README.md).
// usage: npx tsx make_data.ts <folder> <split> <first seed> <count> [step]
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { renderChestCt, type ChestCtOptions } from '../../../src/phantoms/chest-ct.ts';
import { randomOf } from '../../../src/phantoms/random.ts';
import { lungMask, resample } from './resample.ts';

const [folder = 'data', split = 'train', ...numbers] = process.argv.slice(2);
const [first = 100000, count = 1, step = 1] = numbers.map(Number);
mkdirSync(folder, { recursive: true });

/** HU −1000…400 to 0…255: 5.5 HU a step, well below the noise. */
const toByte = (hu: number): number => Math.max(0, Math.min(255, Math.round(((hu + 1000) * 255) / 1400)));

/** Training scans are slabs with many nodules: more different ones fit into the time. Tuning scans are drawn as the report's are. */
function optionsOf(seed: number): ChestCtOptions {
  const random = randomOf(seed, 'training');
  if (split !== 'train') return { tightPixel: random.uniform(0.62, 1) };
  const height = random.uniform(75, 125), bottom = random.uniform(-140, 112 - height);
  const place = random.next();
  return {
    tightPixel: random.uniform(0.68, 1.02),
    ...(random.chance(0.94) ? { zRange: [bottom, bottom + height] as const } : {}),
    nodules: { count: random.int(8, 16), ...(place < 0.3 ? { place: 'vessel-attached' as const } : {}), ...(random.chance(0.15) ? { kind: 'ground-glass' as const } : {}), ...(random.chance(0.3) ? { diameter: [3, 8] as const } : {}) },
  };
}

for (let i = 0; i < count; i++) {
  const seed = first + i * step, base = `${folder}/${split}_${seed}`, began = Date.now();
  if (existsSync(`${base}.json`)) continue;
  const ct = renderChestCt(seed, optionsOf(seed));
  const iso = resample(ct.hu, ct.dims, ct.spacing, 1), mask = lungMask(iso);
  // Centre in voxels of the 1 mm grid: both grids share the outer corner of voxel 0.
  const nodules = ct.truth.nodules.map((n) => ({ voxel: n.voxel.map((v, axis) => (v + 0.5) * ct.spacing[axis]! - 0.5), d: n.diameterMm, kind: n.kind, place: n.place, malignant: n.malignant ? 1 : 0 }));
  writeFileSync(`${base}.u8`, Uint8Array.from(iso.values, toByte));
  writeFileSync(`${base}.mask`, mask.values);
  writeFileSync(`${base}.part`, JSON.stringify({ seed, dims: iso.dims, maskDims: mask.dims, nodules, kernel: ct.truth.acquisition.kernel, thickness: ct.truth.acquisition.thickness }));
  renameSync(`${base}.part`, `${base}.json`); // the trainer looks for .json: it never sees half a phantom
  console.log(seed, iso.dims.join('x'), nodules.length, 'nodules', Date.now() - began, 'ms');
}
