import assert from 'node:assert/strict';
import { buildGeometry } from '../../../src/model-steps/geometry.ts';
import { orient, toSource } from '../../../src/model-steps/orient.ts';
import { halve, plainAxes, resample, sourceIndex, type SourceAxis } from '../../../src/model-steps/resample.ts';
import type { Triple, Volume } from '../../../src/model-steps/volume.ts';

/** A volume whose value is a linear function of the place of the voxel's centre in mm from the outer corner. */
function ramp(dims: Triple, spacing: Triple, slope: Triple = [3, 5, 7]): Volume<Float32Array> {
  const data = new Float32Array(dims[0] * dims[1] * dims[2]);
  let q = 0;
  for (let k = 0; k < dims[0]; k++)
    for (let j = 0; j < dims[1]; j++)
      for (let i = 0; i < dims[2]; i++) data[q++] = slope[0] * (k + 0.5) * spacing[0] + slope[1] * (j + 0.5) * spacing[1] + slope[2] * (i + 0.5) * spacing[2];
  return { data, dims, spacing };
}

function at(volume: Volume, k: number, j: number, i: number): number {
  return volume.data[(k * volume.dims[1] + j) * volume.dims[2] + i]!;
}

suite('model-steps/resample', () => {
  test('a linear ramp keeps its value at every place: voxel centres, not corners, are matched', () => {
    const source = ramp([10, 12, 14], [2.2, 0.7, 0.7]);

    const out = resample(source.data, plainAxes(source), [1, 1, 1]);
    const truth = ramp(out.dims, [1, 1, 1]);

    assert.deepEqual(out.dims, [22, 8, 10]);
    // Inside the outermost source centres; beyond them the edge is repeated.
    for (let k = 2; k < 20; k++) for (let j = 1; j < 7; j++) for (let i = 1; i < 9; i++) assert.ok(Math.abs(at(out, k, j, i) - at(truth, k, j, i)) < 1e-3);
  });

  test('the same spacing gives the same values', () => {
    const source = ramp([3, 4, 5], [1, 1, 1]);

    assert.deepEqual(resample(source.data, plainAxes(source), [1, 1, 1]).data, source.data);
  });

  test('beyond the outermost centres the edge value is repeated', () => {
    const source: Volume = { data: Float32Array.from([10, 20]), dims: [1, 1, 2], spacing: [1, 1, 2] };

    const out = resample(source.data, plainAxes(source), [1, 1, 1]);

    assert.deepEqual([...out.data], [10, 12.5, 17.5, 20]);
  });

  test('halving equals resampling to twice the spacing', () => {
    const source = ramp([6, 7, 9], [1, 1, 1]);

    const half = halve(source);
    const resampled = resample(source.data, plainAxes(source), [2, 2, 2]);

    assert.deepEqual(half.dims, resampled.dims);
    half.data.forEach((value, q) => assert.ok(Math.abs(value - resampled.data[q]!) < 1e-3));
  });

  test('a flipped axis reads the source backwards', () => {
    const axis = (count: number, stride: number, flipped: boolean): SourceAxis => ({ count, stride, spacing: 1, flipped });

    const out = resample(Float32Array.from([1, 2, 3, 4, 5, 6]), [axis(1, 6, false), axis(2, 3, true), axis(3, 1, false)], [1, 1, 1]);

    assert.deepEqual([...out.data], [4, 5, 6, 1, 2, 3]);
  });

  test('uneven slices are interpolated at their true distances', () => {
    const z: SourceAxis = { count: 3, stride: 1, spacing: 1, flipped: false, offsets: Float64Array.from([0, 1, 4]) };
    const single: SourceAxis = { count: 1, stride: 0, spacing: 1, flipped: false };

    const out = resample(Float32Array.from([0, 10, 40]), [z, single, single], [1, 1, 1]);

    assert.deepEqual([...out.data], [0, 10, 20, 30, 40]);
    const flipped = resample(Float32Array.from([0, 10, 40]), [{ ...z, flipped: true }, single, single], [1, 1, 1]);
    assert.deepEqual([...flipped.data], [40, 30, 20, 10, 0]);
  });

  test('the index of a target voxel in the source is the inverse of the extent: 0 maps half a spacing in', () => {
    const axis: SourceAxis = { count: 100, stride: 1, spacing: 0.7, flipped: false };

    assert.ok(Math.abs(sourceIndex(axis, 0, 1) - (0.5 / 0.7 - 0.5)) < 1e-12);
    assert.ok(Math.abs(sourceIndex({ ...axis, flipped: true }, 0, 1) - (99 - (0.5 / 0.7 - 0.5))) < 1e-12);
  });
});

suite('model-steps/orient', () => {
  const plane = (z: number, rowDirection: Triple, columnDirection: Triple) => ({ position: [0, 0, z] as const, rowDirection, columnDirection, rowSpacing: 1, columnSpacing: 1, rows: 4, columns: 6 });

  function oriented(rowDirection: Triple, columnDirection: Triple, letters: string) {
    const geometry = buildGeometry([plane(0, rowDirection, columnDirection), plane(1, rowDirection, columnDirection)]);
    assert.ok(geometry.ok);
    return orient(geometry.value, letters);
  }

  test('axial head-first sorted upwards is LPS; RAS turns x and y', () => {
    const lps = oriented([1, 0, 0], [0, 1, 0], 'LPS');
    const ras = oriented([1, 0, 0], [0, 1, 0], 'RAS');

    assert.ok(lps.ok && ras.ok);
    assert.deepEqual(lps.value.axes.map((axis) => axis.flipped), [false, false, false]);
    assert.deepEqual(ras.value.axes.map((axis) => axis.flipped), [false, true, true]);
    assert.deepEqual(ras.value.axes.map((axis) => axis.stride), [24, 6, 1]);
  });

  test('a prone series needs both in-plane flips to become LPS', () => {
    const prone = oriented([-1, 0, 0], [0, -1, 0], 'LPS');

    assert.ok(prone.ok);
    assert.deepEqual(prone.value.axes.map((axis) => axis.flipped), [false, true, true]);
    assert.deepEqual(toSource(prone.value, [1, 1, 1], [0, 0, 0], sourceIndex), [0, 3, 5]);
  });

  test('more than 45° of obliqueness has no orientation', () => {
    const s = Math.SQRT1_2;
    const t = Math.sqrt(1 / 3);

    assert.equal(oriented([t, t, t], [s, -s, 0], 'LPS').ok, false);
    assert.equal(oriented([t, t, t], [s, -s, 0], 'native').ok, true);
  });
});
