import assert from 'node:assert/strict';
import { sideOf } from '../../../src/model-steps/laterality.ts';
import type { LungMask } from '../../../src/model-steps/lung-mask.ts';
import { measureRegion } from '../../../src/model-steps/measure-region.ts';
import { segmentNodule } from '../../../src/model-steps/segment-nodule.ts';
import { noduleDensity } from '../../../src/model-steps/texture.ts';
import type { Mask, Triple, Volume } from '../../../src/model-steps/volume.ts';

const SPACING: Triple = [1, 0.7, 0.7];
const DIMS: Triple = [48, 70, 70];
const CENTRE: Triple = [24, 35, 35];

/** HU of a place in mm from the centre (z, y, x), averaged over 3³ points of each voxel: partial volume as a scanner has it. */
function scene(hu: (z: number, y: number, x: number) => number, spacing = SPACING, dims = DIMS): Volume<Float32Array> {
  const data = new Float32Array(dims[0] * dims[1] * dims[2]);
  const thirds = [-1 / 3, 0, 1 / 3];
  const points = thirds.flatMap((a) => thirds.flatMap((b) => thirds.map((c) => [a, b, c] as const)));
  let q = 0;
  for (let k = 0; k < dims[0]; k++)
    for (let j = 0; j < dims[1]; j++)
      for (let i = 0; i < dims[2]; i++) {
        let sum = 0;
        for (const [a, b, c] of points) sum += hu((k + a - CENTRE[0]) * spacing[0], (j + b - CENTRE[1]) * spacing[1], (i + c - CENTRE[2]) * spacing[2]);
        data[q++] = sum / 27;
      }
  return { data, dims, spacing };
}

const ball = (d: number, hu: number) => (z: number, y: number, x: number) => (z * z + y * y + x * x < (d / 2) ** 2 ? hu : -850);

function measured(volume: Volume, diameterMm: number) {
  const region = segmentNodule(volume, { voxel: CENTRE, diameterMm });
  assert.ok(region !== null);
  const measures = measureRegion(volume, region.mask, region.corner);
  assert.ok(measures !== null);
  return { region, measures, density: noduleDensity(volume, region) };
}

function near(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what} ${actual}, expected ${expected} ± ${tolerance}`);
}

suite('model-steps/segment-nodule', () => {
  for (const [d, hu, kind] of [[5, 30, 'solid'], [8, 40, 'solid'], [14, 0, 'solid'], [24, 50, 'solid'], [8, -620, 'ground-glass'], [15, -500, 'ground-glass']] as const) {
    test(`a ${kind} ball of ${d} mm is measured: axes within a pixel, volume within 12 %`, () => {
      const { measures, density } = measured(scene(ball(d, hu)), d);

      near(measures.longAxis.lengthMm, d, 0.75, 'long axis');
      near(measures.shortAxis.lengthMm, d, 0.9, 'short axis');
      near(measures.volumeMm3, (Math.PI * d ** 3) / 6, 0.12 * ((Math.PI * d ** 3) / 6), 'volume');
      measures.centroid.forEach((value, axis) => near(value, CENTRE[axis]!, 0.2, 'centroid'));
      assert.equal(density.texture, kind);
      assert.equal(density.calcified, false);
    });
  }

  test('a detector’s diameter that is a third off changes the result little', () => {
    const volume = scene(ball(12, 30));

    const sizes = [8, 12, 16].map((guess) => measured(volume, guess).measures.longAxis.lengthMm);

    sizes.forEach((size) => near(size, 12, 0.8, 'long axis'));
  });

  test('a vessel of 3 mm through a nodule of 10 mm is cut off', () => {
    const volume = scene((z, y, x) => (y * y + x * x < 1.5 ** 2 ? 40 : ball(10, 30)(z, y, x)));

    const { measures } = measured(volume, 10);

    near(measures.volumeMm3, (Math.PI * 1000) / 6, 110, 'volume');
    near(measures.longAxis.lengthMm, 10, 1, 'long axis');
  });

  test('the chest wall beside a nodule does not join it', () => {
    const volume = scene((z, y, x) => (x > 5.2 ? 40 : ball(10, 30)(z, y, x)));

    const { measures } = measured(volume, 10);

    near(measures.longAxis.lengthMm, 10, 2.5, 'long axis');
  });

  test('a part-solid nodule is told from both others', () => {
    const volume = scene((z, y, x) => (z * z + y * y + x * x < 3 ** 2 ? 20 : ball(16, -600)(z, y, x)));

    const { density, measures } = measured(volume, 16);

    assert.equal(density.texture, 'part-solid');
    near(measures.longAxis.lengthMm, 16, 4, 'long axis');
  });

  test('calcium is seen', () => {
    assert.equal(measured(scene(ball(8, 500)), 8).density.calcified, true);
  });

  test('plain lung has no nodule', () => {
    assert.equal(segmentNodule(scene(() => -850), { voxel: CENTRE, diameterMm: 6 }), null);
  });

  test('a place at the corner of the volume is outlined without reading outside', () => {
    const volume = scene(() => 30, SPACING, [4, 5, 6]);

    const region = segmentNodule(volume, { voxel: [0, 0, 0], diameterMm: 30 });

    assert.ok(region !== null && region.mask.dims.every((n, axis) => n <= volume.dims[axis]!));
  });
});

suite('model-steps/measure-region', () => {
  function block(dims: Triple, spacing: Triple): Mask {
    return { data: new Uint8Array(dims[0] * dims[1] * dims[2]).fill(1), dims, spacing };
  }

  test('a row of n pixels is n pixels long; volume is voxels times the voxel of the source', () => {
    const volume: Volume = { data: new Int16Array(3 * 4 * 10).fill(100), dims: [3, 4, 10], spacing: [2.5, 0.5, 0.5] };

    const measures = measureRegion(volume, block([1, 1, 6], volume.spacing), [1, 2, 3]);

    assert.ok(measures !== null);
    near(measures.longAxis.lengthMm, 3, 1e-9, 'long axis');
    near(measures.shortAxis.lengthMm, 0.5, 1e-9, 'short axis');
    near(measures.volumeMm3, 6 * 2.5 * 0.25, 1e-9, 'volume');
    assert.deepEqual(measures.longAxis.ends, [[2, 2.5], [2, 8.5]]);
    assert.equal(measures.slice, 1);
    assert.deepEqual(measures.centroid, [1, 2, 5.5]);
    assert.equal(measures.meanHu, 100);
    assert.equal(measures.sdHu, 0);
  });

  test('axes are in mm also where rows and columns are unequally spaced', () => {
    const volume: Volume = { data: new Int16Array(100).fill(0), dims: [1, 10, 10], spacing: [1, 2, 1] };

    const measures = measureRegion(volume, block([1, 4, 4], volume.spacing), [0, 0, 0]);

    // 8 mm high, 4 mm wide: the longest line leans to the far edge of the top and bottom row.
    near(measures!.longAxis.lengthMm, Math.sqrt(8 ** 2 + 3 ** 2), 1e-9, 'long axis');
  });

  test('mean and standard deviation are those of the voxels', () => {
    const volume: Volume = { data: Int16Array.from([10, 20, 30, 40]), dims: [1, 2, 2], spacing: [1, 1, 1] };

    const measures = measureRegion(volume, block([1, 2, 2], volume.spacing), [0, 0, 0]);

    assert.equal(measures!.meanHu, 25);
    near(measures!.sdHu, Math.sqrt(125), 1e-9, 'standard deviation');
  });

  test('an empty region has no measures', () => {
    const volume: Volume = { data: new Int16Array(4), dims: [1, 2, 2], spacing: [1, 1, 1] };

    assert.equal(measureRegion(volume, { ...block([1, 2, 2], [1, 1, 1]), data: new Uint8Array(4) }, [0, 0, 0]), null);
  });
});

suite('model-steps/laterality', () => {
  const lung = (parts: readonly { ml: number; x: number }[]) => ({ parts: parts.map(({ ml, x }) => ({ ml, centre: [0, 0, x] as const })) }) as unknown as LungMask;
  const side = (x: number, parts: readonly { ml: number; x: number }[]) => sideOf(x, lung(parts), (centre) => centre[2]);

  test('patient x grows to the left: two lungs tell the side of the midline between them', () => {
    const pair = [{ ml: 2000, x: -70 }, { ml: 1800, x: 74 }];

    assert.equal(side(60, pair), 'left');
    assert.equal(side(-60, pair), 'right');
    assert.equal(side(10, pair), null);
  });

  test('lungs joined by the airways have their midline in the middle', () => {
    assert.equal(side(60, [{ ml: 4000, x: 2 }]), 'left');
  });

  test('one lung and a small remainder do not tell a side', () => {
    assert.equal(side(60, [{ ml: 2000, x: 70 }, { ml: 150, x: 66 }]), null);
    assert.equal(side(60, []), null);
  });
});
