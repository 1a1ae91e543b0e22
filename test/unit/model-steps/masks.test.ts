import assert from 'node:assert/strict';
import fc from 'fast-check';
import { connectedComponents } from '../../../src/model-steps/components.ts';
import { distanceInside } from '../../../src/model-steps/distance-transform.ts';
import { lungMask, maskAt, maskBox } from '../../../src/model-steps/lung-mask.ts';
import { closeBox, dilateBox, erodeBox } from '../../../src/model-steps/morphology.ts';
import type { Mask, Triple, Volume } from '../../../src/model-steps/volume.ts';

function maskOf(dims: Triple, set: (k: number, j: number, i: number) => boolean, spacing: Triple = [1, 1, 1]): Mask {
  const data = new Uint8Array(dims[0] * dims[1] * dims[2]);
  let q = 0;
  for (let k = 0; k < dims[0]; k++) for (let j = 0; j < dims[1]; j++) for (let i = 0; i < dims[2]; i++) data[q++] = set(k, j, i) ? 1 : 0;
  return { data, dims, spacing };
}

/** Labels by plain flood fill over faces: the slow truth. */
function floodLabels({ data, dims: [nz, ny, nx] }: Mask): number[] {
  const label = Array.from(data, () => 0);
  let count = 0;
  for (let start = 0; start < data.length; start++) {
    if (data[start] === 0 || label[start] !== 0) continue;
    count++;
    const stack = [start];
    while (stack.length > 0) {
      const q = stack.pop()!;
      if (data[q] === 0 || label[q] !== 0) continue;
      label[q] = count;
      const [z, y, x] = [Math.floor(q / (nx * ny)), Math.floor(q / nx) % ny, q % nx];
      if (x > 0) stack.push(q - 1);
      if (x < nx - 1) stack.push(q + 1);
      if (y > 0) stack.push(q - nx);
      if (y < ny - 1) stack.push(q + nx);
      if (z > 0) stack.push(q - nx * ny);
      if (z < nz - 1) stack.push(q + nx * ny);
    }
  }
  return label;
}

suite('model-steps/masks', () => {
  test('components are those of a flood fill over faces, for any mask', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 60, maxLength: 60 }), (bytes) => {
        const mask: Mask = { data: Uint8Array.from(bytes, (b) => b & 1), dims: [3, 4, 5], spacing: [1, 1, 1] };
        const components = connectedComponents(mask);
        const truth = floodLabels(mask);

        assert.deepEqual([...components.labels()], truth);
        components.list.forEach((component, index) => assert.equal(component.voxels, truth.filter((label) => label === index + 1).length));
      }),
      { numRuns: 200 },
    );
  });

  test('a component knows its centre and which edges it touches', () => {
    const components = connectedComponents(maskOf([4, 5, 6], (k, j, i) => k <= 1 && j === 2 && i >= 2 && i <= 4));

    assert.equal(components.list.length, 1);
    assert.deepEqual(components.list[0], { voxels: 6, centre: [0.5, 2, 3], touchesSide: false, touchesFirstSlice: true, touchesLastSlice: false });
  });

  test('box dilation and erosion by r are those of a (2r + 1)³ box', () => {
    const dot = maskOf([7, 7, 7], (k, j, i) => k === 3 && j === 3 && i === 3);

    const grown = dilateBox(dot, 2);

    assert.deepEqual(grown.data, maskOf([7, 7, 7], (k, j, i) => [k, j, i].every((n) => n >= 1 && n <= 5)).data);
    assert.deepEqual(erodeBox(grown, 2).data, dot.data);
  });

  test('closing fills a bay narrower than the box and removes nothing', () => {
    const notched = maskOf([9, 9, 9], (k, j, i) => !(i >= 6 && k === 4 && j === 4));

    const closed = closeBox(notched, 2);

    assert.ok(closed.data.every((v) => v === 1));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 60, maxLength: 60 }), (bytes) => {
        const mask: Mask = { data: Uint8Array.from(bytes, (b) => b & 1), dims: [3, 4, 5], spacing: [1, 1, 1] };
        const result = closeBox(mask, 1);
        mask.data.forEach((v, q) => assert.ok(result.data[q]! >= v));
      }),
      { numRuns: 50 },
    );
  });

  test('the distance transform is exact with uneven spacing', () => {
    const mask = maskOf([5, 6, 7], (k, j, i) => !(k === 2 && j === 1 && i === 5), [2, 1, 0.5]);

    const distance = distanceInside(mask, 'ignored');

    let q = 0;
    for (let k = 0; k < 5; k++)
      for (let j = 0; j < 6; j++)
        for (let i = 0; i < 7; i++) {
          const truth = Math.sqrt(((k - 2) * 2) ** 2 + (j - 1) ** 2 + ((i - 5) * 0.5) ** 2);
          assert.ok(Math.abs(distance[q++]! - truth) < 1e-4);
        }
  });

  test('outside the grid counts as background unless told', () => {
    const full = maskOf([1, 1, 5], () => true, [9, 9, 1]);

    assert.deepEqual([...distanceInside(full)], [1, 2, 3, 2, 1]);
  });
});

suite('model-steps/lung-mask', () => {
  /** A body of 40 HU with two balls of lung (−850 HU) in room air, 1 mm. */
  function chest(options: { readonly cutAt?: number; readonly nodule?: boolean } = {}): Volume<Float32Array> {
    const dims: Triple = [options.cutAt ?? 90, 100, 160];
    const data = new Float32Array(dims[0] * dims[1] * dims[2]);
    const ball = (k: number, j: number, i: number, x: number) => (k - 45) ** 2 + (j - 50) ** 2 + (i - x) ** 2;
    let q = 0;
    for (let k = 0; k < dims[0]; k++)
      for (let j = 0; j < dims[1]; j++)
        for (let i = 0; i < dims[2]; i++) {
          const body = ((j - 50) / 45) ** 2 + ((i - 80) / 75) ** 2 < 1;
          const lung = ball(k, j, i, 45) < 30 * 30 || ball(k, j, i, 115) < 33 * 33;
          // On the right lung's wall, 6 mm across: the mask must not lose it.
          const nodule = options.nodule === true && (k - 45) ** 2 + (j - 50) ** 2 + (i - 17) ** 2 < 9;
          data[q++] = !body ? -1000 : lung && !nodule ? -850 : 40;
        }
    return { data, dims, spacing: [1, 1, 1] };
  }

  test('both lungs are found with their volume, room air is not', () => {
    const mask = lungMask(chest());

    const truth = ((4 / 3) * Math.PI * (30 ** 3 + 33 ** 3)) / 1000;
    assert.ok(Math.abs(mask.volumeMl - truth) < 0.04 * truth, `${mask.volumeMl} ml, true ${truth}`);
    assert.equal(mask.parts.length, 2);
    mask.parts[0]!.centre.forEach((value, axis) => assert.ok(Math.abs(value - [45, 50, 115][axis]!) < 0.6));
    assert.equal(maskAt(mask, 45, 2, 2), false);
    assert.equal(maskAt(mask, 45, 50, 45), true);
    assert.equal(maskAt(mask, 45, 16, 80), false);
  });

  test('lungs that go on beyond the last slice are told', () => {
    const mask = lungMask(chest({ cutAt: 70 }));

    assert.equal(mask.cutAtLastSlice, true);
    assert.equal(mask.cutAtFirstSlice, false);
  });

  test('a nodule on the pleura lies inside the mask', () => {
    const mask = lungMask(chest({ nodule: true }));

    assert.equal(maskAt(mask, 45, 50, 17), true);
  });

  test('a volume without lungs has an empty mask and no box', () => {
    const mask = lungMask({ data: new Float32Array(20 * 20 * 20).fill(40), dims: [20, 20, 20], spacing: [1, 1, 1] });

    assert.equal(mask.volumeMl, 0);
    assert.equal(maskBox(mask), null);
  });

  test('the box of a mask is in voxels of the full grid', () => {
    const half = maskOf([5, 6, 7], (k, j, i) => k === 1 && j >= 2 && j <= 3 && i === 4, [2, 2, 2]);

    assert.deepEqual(maskBox(half), { low: [2, 4, 8], high: [4, 8, 10] });
  });
});
