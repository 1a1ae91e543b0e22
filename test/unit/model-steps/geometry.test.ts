import assert from 'node:assert/strict';
import { buildGeometry, toPatient, toVoxel, type FramePlane } from '../../../src/model-steps/geometry.ts';

/** An axial head-first plane at height z, 4 rows × 6 columns. */
function axial(z: number, changes: Partial<FramePlane> = {}): FramePlane {
  return { position: [-100, -50, z], rowDirection: [1, 0, 0], columnDirection: [0, 1, 0], rowSpacing: 0.5, columnSpacing: 0.8, rows: 4, columns: 6, ...changes };
}

function built(planes: readonly FramePlane[]) {
  const result = buildGeometry(planes);
  assert.ok(result.ok, result.ok ? '' : result.fault.reason);
  return result.value;
}

suite('model-steps/geometry', () => {
  test('slices are sorted by position along the normal, whatever order they came in', () => {
    const geometry = built([axial(5), axial(1), axial(3), axial(-1)]);

    assert.deepEqual(geometry.order, [3, 1, 2, 0]);
    assert.equal(geometry.spacing[0], 2);
    assert.deepEqual(geometry.origin, [-100, -50, -1]);
  });

  test('Pixel Spacing[0] is the distance of rows and [1] of columns  [PS3.3 §10.7.1.1]', () => {
    const geometry = built([axial(0), axial(1)]);

    assert.deepEqual(geometry.spacing, [1, 0.5, 0.8]);
    assert.deepEqual(toPatient(geometry, [0, 2, 0]), [-100, -49, 0]);
    assert.deepEqual(toPatient(geometry, [0, 0, 2]), [-98.4, -50, 0]);
  });

  test('slice spacing is the median of the distances, so that one gap does not change it', () => {
    const geometry = built([0, 1, 2, 5, 6, 7].map((z) => axial(z)));

    assert.equal(geometry.spacing[0], 1);
    assert.equal(geometry.missingSlices, 2);
    assert.equal(geometry.maxSpacingDeviationMm, 0);
  });

  test('uneven spacing is measured as the largest deviation from the median', () => {
    const geometry = built([0, 1, 2.3, 3.3, 4.3].map((z) => axial(z)));

    assert.ok(Math.abs(geometry.maxSpacingDeviationMm - 0.3) < 1e-9);
    assert.equal(geometry.missingSlices, 0);
  });

  test('a second image in the same place is left out and counted', () => {
    const geometry = built([axial(0), axial(1), axial(1), axial(2)]);

    assert.deepEqual(geometry.order, [0, 1, 3]);
    assert.equal(geometry.duplicateSlices, 1);
  });

  test('gantry tilt is the angle between the normal and the line through the slice origins', () => {
    const shifted = [0, 1, 2].map((i) => axial(0, { position: [0, i * Math.tan((10 * Math.PI) / 180), i] }));

    assert.ok(Math.abs(built(shifted).tiltDeg - 10) < 1e-6);
    assert.equal(built([axial(0), axial(1)]).tiltDeg, 0);
  });

  test('a prone patient’s directions make positions grow to the right and to the front', () => {
    const prone = { rowDirection: [-1, 0, 0] as const, columnDirection: [0, -1, 0] as const };
    const geometry = built([axial(0, prone), axial(1, prone)]);

    assert.deepEqual(toPatient(geometry, [1, 2, 5]), [-104, -51, 1]);
  });

  test('patient position and voxel are inverse, also across a gap', () => {
    const geometry = built([0, 1, 2, 5, 6].map((z) => axial(z)));

    for (const voxel of [[0, 0, 0], [2.5, 1.25, 3], [3.2, 0.5, 5], [-0.5, 0, 0], [4.5, 3, 5]] as const) {
      const back = toVoxel(geometry, toPatient(geometry, voxel));
      back.forEach((value, axis) => assert.ok(Math.abs(value - voxel[axis]!) < 1e-9));
    }
    assert.equal(toPatient(geometry, [2.5, 0, 0])[2], 3.5);
  });

  test('images of unequal orientation, size or spacing are no volume', () => {
    const code = (planes: readonly FramePlane[]) => {
      const result = buildGeometry(planes);
      return result.ok ? 'ok' : result.fault.code;
    };

    assert.equal(code([axial(0), axial(1, { rowDirection: [0, 1, 0], columnDirection: [0, 0, -1] })]), 'mixed-orientation');
    assert.equal(code([axial(0), axial(1, { rows: 5 })]), 'mixed-size');
    assert.equal(code([axial(0), axial(1, { columnSpacing: 0.7 })]), 'mixed-spacing');
    assert.equal(code([axial(0, { rowDirection: [1, 1, 0] }), axial(1)]), 'bad-orientation');
    assert.equal(code([axial(0)]), 'too-few-slices');
    assert.equal(code([axial(3), axial(3)]), 'too-few-slices');
  });
});
