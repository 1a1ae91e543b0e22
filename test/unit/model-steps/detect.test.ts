import assert from 'node:assert/strict';
import { detectInVolume, type DetectorSettings } from '../../../src/model-steps/detect-in-volume.ts';
import { findPeaks, suppress, type Detection, type DetectionMapLayout } from '../../../src/model-steps/peaks.ts';
import { copyWindow, tileAxis, tilesOver } from '../../../src/model-steps/windows.ts';
import type { Mask, Triple, Volume } from '../../../src/model-steps/volume.ts';

const tiling = { maxSize: 128, margin: 12, multipleOf: 8 };
const layout: DetectionMapLayout = { channelCount: 6, probability: 0, diameterMm: 2, offsetMm: [3, 4, 5], further: { malignancy: 1 }, cell: 2 };

function fullMask(dims: Triple): Mask {
  const half = dims.map((n) => Math.round(n / 2)) as unknown as Triple;
  return { data: new Uint8Array(half[0] * half[1] * half[2]).fill(1), dims: half, spacing: [2, 2, 2] };
}

function detection(voxel: Triple, score: number, diameterMm = 4): Detection {
  return { voxel, score, diameterMm, channels: {} };
}

suite('model-steps/windows', () => {
  test('a short axis is one window with a rim, a long one is cut into equal inner parts', () => {
    assert.deepEqual(tileAxis(20, 70, tiling), { size: 80, starts: [8] });
    const long = tileAxis(0, 265, tiling);
    assert.deepEqual(long, { size: 120, starts: [-12, 84, 180] });
  });

  test('no window is larger than allowed, every one a multiple, and together they cover the range', () => {
    for (let length = 1; length < 700; length += 13) {
      const { size, starts } = tileAxis(5, 5 + length, tiling);
      const inner = size - 24;
      assert.ok(size <= 128 && inner % 8 === 0);
      assert.equal(starts[0]! + 12, 5);
      assert.ok(starts.at(-1)! + 12 + inner >= 5 + length);
      starts.slice(1).forEach((start, i) => assert.equal(start - starts[i]!, inner));
    }
  });

  test('a window beyond the volume repeats the edge', () => {
    const volume: Volume<Float32Array> = { data: Float32Array.from([1, 2, 3, 4]), dims: [1, 2, 2], spacing: [1, 1, 1] };
    const out = new Float32Array(1 * 3 * 6);

    copyWindow(volume, [-3, -1, -2], [1, 3, 6], out);

    assert.deepEqual([...out], [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
  });

  test('a window wholly beside the volume is the edge alone', () => {
    const volume: Volume<Float32Array> = { data: Float32Array.from([1, 2, 3, 4]), dims: [1, 2, 2], spacing: [1, 1, 1] };
    const out = new Float32Array(3);

    copyWindow(volume, [0, 0, 5], [1, 1, 3], out);
    assert.deepEqual([...out], [2, 2, 2]);
    copyWindow(volume, [0, 1, -9], [1, 1, 3], out);
    assert.deepEqual([...out], [3, 3, 3]);
  });

  test('windows without a mask voxel inside are left out', () => {
    const mask = fullMask([48, 48, 400]);
    mask.data.fill(0);
    for (const column of [2, 190]) for (let k = 8; k < 16; k++) for (let j = 8; j < 16; j++) for (let i = 0; i < 4; i++) mask.data[(k * 24 + j) * 200 + column + i] = 1;

    const { starts } = tilesOver(mask, tiling);

    // The box spans columns 4 … 388 in four windows; only the outer two hold lung.
    assert.deepEqual(starts.map((start) => start[2]), [4 - 12, 4 - 12 + 3 * 96]);
  });
});

suite('model-steps/peaks', () => {
  /** Maps of a window of 48³ voxels (24³ cells) with one peak. */
  function maps(cell: Triple, values: readonly number[]): Float32Array {
    const maps = new Float32Array(6 * 24 ** 3);
    values.forEach((value, channel) => (maps[channel * 24 ** 3 + (cell[0] * 24 + cell[1]) * 24 + cell[2]] = value));
    return maps;
  }

  const options = { margin: 12, floor: 0.02, voxelMm: 1, mask: fullMask([200, 200, 200]) };

  test('the centre of a cell of two voxels lies between them, plus the offset: no half-voxel shift', () => {
    const [peak] = findPeaks({ maps: maps([10, 11, 12], [0.9, 0.3, 8, 0.25, -0.5, 1]), start: [100, 50, 20], size: [48, 48, 48] }, layout, options);

    assert.ok(peak !== undefined);
    assert.deepEqual(peak.voxel.map((v) => Math.round(v * 1000) / 1000), [100 + 20.5 + 0.25, 50 + 22.5 - 0.5, 20 + 24.5 + 1]);
    assert.ok(Math.abs(peak.score - 0.9) < 1e-6 && peak.diameterMm === 8);
    assert.ok(Math.abs(peak.channels['malignancy']! - 0.3) < 1e-6);
  });

  test('offsets are in mm: a coarser grid moves fewer voxels', () => {
    const [peak] = findPeaks({ maps: maps([10, 10, 10], [0.9, 0, 8, 1, 0, 0]), start: [0, 0, 0], size: [48, 48, 48] }, layout, { ...options, voxelMm: 2 });

    assert.equal(peak?.voxel[0], 20.5 + 0.5);
  });

  test('the rim of a window is another window’s business, but for two cells at the seam', () => {
    const atSeam = findPeaks({ maps: maps([4, 10, 10], [0.9, 0, 8, 0, 0, 0]), start: [0, 0, 0], size: [48, 48, 48] }, layout, options);
    const inRim = findPeaks({ maps: maps([3, 10, 10], [0.9, 0, 8, 0, 0, 0]), start: [0, 0, 0], size: [48, 48, 48] }, layout, options);

    assert.equal(atSeam.length, 1);
    assert.equal(inRim.length, 0);
  });

  test('of a plateau one voxel counts, and NaN never does', () => {
    const plateau = maps([10, 10, 10], [0.9, 0, 8, 0, 0, 0]);
    plateau[(10 * 24 + 10) * 24 + 11] = plateau[(10 * 24 + 10) * 24 + 10]!;
    assert.equal(findPeaks({ maps: plateau, start: [0, 0, 0], size: [48, 48, 48] }, layout, options).length, 1);

    assert.equal(findPeaks({ maps: new Float32Array(6 * 24 ** 3).fill(NaN), start: [0, 0, 0], size: [48, 48, 48] }, layout, options).length, 0);
  });

  test('a peak outside the mask is dropped', () => {
    const outside = { ...options, mask: { ...options.mask, data: options.mask.data.slice().fill(0) } };

    assert.equal(findPeaks({ maps: maps([10, 10, 10], [0.9, 0, 8, 0, 0, 0]), start: [0, 0, 0], size: [48, 48, 48] }, layout, outside).length, 0);
  });

  test('suppression keeps the strongest within max(5 mm, 0.6 diameters)', () => {
    const kept = suppress([detection([0, 0, 0], 0.8), detection([0, 0, 4.9], 0.9), detection([0, 0, 10], 0.5), detection([0, 20, 0], 0.7, 20), detection([0, 31, 0], 0.6)], { radiusMm: 5, perDiameter: 0.6, voxelMm: 1 });

    assert.deepEqual(kept.map((one) => one.score), [0.9, 0.7, 0.5]);
  });

  test('equal scores are ordered by place, whatever order the windows came in', () => {
    const [a, b] = [detection([9, 0, 0], 0.5), detection([0, 0, 0], 0.5)];

    assert.deepEqual(suppress([a, b], { radiusMm: 5, perDiameter: 0, voxelMm: 1 }), suppress([b, a], { radiusMm: 5, perDiameter: 0, voxelMm: 1 }));
  });
});

suite('model-steps/detect-in-volume', () => {
  const settings: DetectorSettings = { tiling: { maxSize: 64, margin: 8, multipleOf: 8 }, layout, floor: 0.02, radiusMm: 5, perDiameter: 0.6 };

  /** A network that answers each cell with the brightness of its voxels: a spot comes out where it is. */
  const brightness = async (window: Float32Array, size: Triple) => {
    const [gz, gy, gx] = size.map((n) => n / 2) as [number, number, number];
    const values = new Float32Array(6 * gz * gy * gx);
    for (let k = 0; k < size[0]; k++) for (let j = 0; j < size[1]; j++) for (let i = 0; i < size[2]; i++) values[((k >> 1) * gy + (j >> 1)) * gx + (i >> 1)]! += window[(k * size[1] + j) * size[2] + i]! / 8;
    return { values, shape: [1, 6, gz, gy, gx] };
  };

  test('spots in a volume of many windows are found once each, at their place', async () => {
    const dims: Triple = [60, 120, 140];
    const volume: Volume<Float32Array> = { data: new Float32Array(60 * 120 * 140), dims, spacing: [1, 1, 1] };
    const spots: Triple[] = [[10, 10, 10], [30, 60, 70], [48, 100, 130], [2, 2, 2], [58, 118, 138]];
    for (const [k, j, i] of spots) for (let a = 0; a < 2; a++) for (let b = 0; b < 2; b++) for (let c = 0; c < 2; c++) volume.data[((k + a) * 120 + j + b) * 140 + i + c] = 1;
    const told: number[] = [];

    const run = await detectInVolume(volume, fullMask(dims), settings, brightness, (windows, of) => told.push(windows / of));

    const places = run.detections.map((one) => one.voxel.join()).sort();
    assert.deepEqual(places, spots.map((spot) => spot.map((n) => n + 0.5).join()).sort());
    assert.equal(told.at(-1), 1);
    assert.equal(told.length, run.windows);
  });

  test('a network that answers another shape is an error, not nonsense', async () => {
    const volume: Volume<Float32Array> = { data: new Float32Array(32 ** 3), dims: [32, 32, 32], spacing: [1, 1, 1] };

    await assert.rejects(detectInVolume(volume, fullMask([32, 32, 32]), settings, async () => ({ values: new Float32Array(8), shape: [1, 1, 2, 2, 2] }), () => {}), RangeError);
  });
});
