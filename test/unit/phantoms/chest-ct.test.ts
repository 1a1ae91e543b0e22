import assert from 'node:assert/strict';
import { renderChestCt, type ChestCt, type NoduleTruth } from '../../../src/phantoms/chest-ct.ts';

suite('chest CT phantom', () => {
  test('the same seed and options give the same voxels and the same truth', () => {
    const options = { slices: 12, matrix: 96, nodules: { count: 3 } };

    const first = renderChestCt(77, options), second = renderChestCt(77, options);

    assert.ok(Buffer.from(first.hu.buffer).equals(Buffer.from(second.hu.buffer)));
    assert.deepEqual(first.truth, second.truth);
  });

  test('another seed gives other voxels', () => {
    const options = { slices: 4, matrix: 64 };

    const first = renderChestCt(1, options), second = renderChestCt(2, options);

    assert.ok(!Buffer.from(first.hu.buffer).equals(Buffer.from(second.hu.buffer)));
  });

  test('size and spacing are as asked for, and as long as the array', () => {
    const ct = renderChestCt(5, { slices: 130, matrix: 64 });

    assert.deepEqual(ct.dims, [130, 64, 64]);
    assert.equal(ct.hu.length, 130 * 64 * 64);
    assert.ok(Math.abs(ct.spacing[0] * 130 - 265) < 0.1, 'the slices are spread over the lungs');
  });

  test('Hounsfield units are those of a CT: lung, soft tissue and bone are there, nothing below -1024', () => {
    const ct = renderChestCt(8, { slices: 40, matrix: 128, kernel: 'soft', noise: 5 });

    const share = (low: number, high: number): number => ct.hu.reduce((n, v) => n + (v >= low && v < high ? 1 : 0), 0) / ct.hu.length;
    assert.ok(share(-960, -750) > 0.08, 'lung');
    assert.ok(share(0, 90) > 0.1, 'soft tissue');
    assert.ok(share(300, 900) > 0.002, 'bone');
    assert.equal(share(-32768, -1024), 0);
  });

  for (const diameter of [5, 9, 16]) {
    test(`smooth solid nodules of ${diameter} mm have their true volume and centre in the voxels`, () => {
      const seen = [21, 22, 23].map((seed) => {
        const ct = renderChestCt(seed, quiet({ count: 1, diameter: [diameter, diameter], kind: 'solid', place: 'free', smooth: true }));
        const nodule = onlyNodule(ct), { volume, offset } = measure(ct, nodule);
        assert.ok(Math.abs(nodule.volumeMm3 / ((Math.PI / 6) * diameter ** 3) - 1) < 1e-6);
        return { ratio: volume / nodule.volumeMm3, offset };
      });

      // Vessels that touch it can only add: the second best of three counts.
      assert.ok(Math.abs(secondLeast(seen.map((s) => s.ratio)) - 1) < 0.1, JSON.stringify(seen));
      assert.ok(secondLeast(seen.map((s) => s.offset)) < 0.3, JSON.stringify(seen));
    });
  }

  test('lobulated and stretched nodules keep the volume of their diameter', () => {
    const ratios = [31, 32, 33].map((seed) => {
      const ct = renderChestCt(seed, quiet({ count: 1, diameter: [13, 15], kind: 'solid', place: 'free' }));
      return measure(ct, onlyNodule(ct)).volume / onlyNodule(ct).volumeMm3;
    });

    // Spicules and touching vessels add a little, the blur of bumps takes a little.
    assert.ok(Math.abs(secondLeast(ratios) - 1) < 0.12, ratios.join(' '));
  });

  test('a nodule at the pleura counts only what lies in the lung', () => {
    const shares = [41, 42, 43].map((seed) => {
      const ct = renderChestCt(seed, quiet({ count: 1, diameter: [12, 12], kind: 'solid', place: 'juxta-pleural', smooth: true }));
      assert.equal(onlyNodule(ct).place, 'juxta-pleural');
      return onlyNodule(ct).volumeMm3 / ((Math.PI / 6) * 12 ** 3);
    });

    assert.ok(secondLeast(shares) < 0.98 && Math.min(...shares) > 0.4, shares.join(' '));
  });

  test('voxel and millimetre coordinates of the truth say the same', () => {
    const ct = renderChestCt(51, { slices: 60, matrix: 128, nodules: { count: 4 } });

    assert.ok(ct.truth.nodules.length >= 3);
    for (const { centreMm, voxel } of ct.truth.nodules) {
      for (const axis of [0, 1, 2] as const) assert.ok(Math.abs(ct.origin[axis] + voxel[2 - axis]! * ct.spacing[2 - axis]! - centreMm[axis]) < 1e-9);
    }
  });

  test('nodules are visible, apart from each other and inside the slices', () => {
    const { truth, dims } = renderChestCt(61, { zRange: [-30, 40], tightPixel: 1, nodules: { count: 12 } });

    assert.ok(truth.nodules.length >= 8);
    for (const [i, a] of truth.nodules.entries()) {
      assert.ok(a.visibleShare >= 0.6);
      assert.ok(a.diameterMm >= 3 && a.diameterMm <= 30);
      assert.ok(a.voxel[0] > 0 && a.voxel[0] < dims[0] - 1);
      for (const b of truth.nodules.slice(i + 1)) {
        const away = Math.sqrt(a.centreMm.reduce((sum, v, k) => sum + (v - b.centreMm[k]!) ** 2, 0));
        assert.ok(away > (a.diameterMm + b.diameterMm) / 2);
      }
    }
  });

  test('kinds of nodules differ in their density', () => {
    // The darkest quarter of the 5 x 5 x 5 voxels in the middle: a vessel may run through.
    const density = (kind: 'solid' | 'ground-glass' | 'calcified'): number => {
      const ct = renderChestCt(71, quiet({ count: 1, diameter: [12, 12], kind, place: 'free', smooth: true }));
      const [z, y, x] = onlyNodule(ct).voxel.map(Math.round) as [number, number, number];
      const middle = Array.from({ length: 125 }, (_, i) => ct.hu[((z + Math.floor(i / 25) - 2) * ct.dims[1] + y + (Math.floor(i / 5) % 5) - 2) * ct.dims[2] + x + (i % 5) - 2]!);
      return middle.sort((a, b) => a - b)[31]!;
    };

    assert.ok(density('ground-glass') < -380 && density('ground-glass') > -720);
    assert.ok(Math.abs(density('solid')) < 110);
    assert.ok(density('calcified') > 180);
  });
});

/** A slab without noise at 0.8 mm. */
function quiet(nodules: NonNullable<Parameters<typeof renderChestCt>[1]>['nodules'] & object): Parameters<typeof renderChestCt>[1] {
  return { zRange: [0, 44], tightPixel: 0.9, thickness: 0.9, kernel: 'standard', noise: 0, nodules };
}

function onlyNodule(ct: ChestCt): NoduleTruth {
  assert.equal(ct.truth.nodules.length, 1);
  return ct.truth.nodules[0]!;
}

function secondLeast(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[1]!;
}

/** Volume and centre of what is brighter than half-way between lung and nodule, connected to the centre's voxel. */
function measure(ct: ChestCt, nodule: NoduleTruth): { volume: number; offset: number } {
  const [, rows, columns] = ct.dims, threshold = (nodule.attenuationHu - 850) / 2;
  const reach = nodule.diameterMm * 0.75;
  const start = nodule.voxel.map(Math.round) as [number, number, number];
  const open = [start], seen = new Set<number>(), sum = [0, 0, 0];
  while (open.length > 0) {
    const [z, y, x] = open.pop()!, q = (z * rows + y) * columns + x;
    const away = Math.sqrt([z, y, x].reduce((d, v, axis) => d + ((v - nodule.voxel[axis]!) * ct.spacing[axis]!) ** 2, 0));
    if (seen.has(q) || away > reach || ct.hu[q]! < threshold) continue;
    seen.add(q);
    for (const [axis, v] of [z, y, x].entries()) sum[axis]! += v;
    open.push([z + 1, y, x], [z - 1, y, x], [z, y + 1, x], [z, y - 1, x], [z, y, x + 1], [z, y, x - 1]);
  }
  const voxel = ct.spacing[0] * ct.spacing[1] * ct.spacing[2];
  const offset = Math.sqrt(sum.reduce((d, s, axis) => d + ((s / seen.size - nodule.voxel[axis]!) * ct.spacing[axis]!) ** 2, 0));
  return { volume: seen.size * voxel, offset };
}
