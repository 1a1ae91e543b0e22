import assert from 'node:assert/strict';
import { fillHoles } from '../../../src/model-steps/fill-holes.ts';
import type { Mask } from '../../../src/model-steps/volume.ts';

/** One slice at 2 mm from rows of `#` and `.`. */
function mask(...rows: readonly string[]): Mask {
  return { data: Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0)), dims: [1, rows.length, rows[0]!.length], spacing: [2, 2, 2] };
}

function text({ data, dims }: Mask): string[] {
  return Array.from({ length: dims[1] }, (_, y) => Array.from(data.subarray(y * dims[2], (y + 1) * dims[2]), (v) => (v === 1 ? '#' : '.')).join(''));
}

suite('filling holes of a mask', () => {
  test('an enclosed hole up to the limit is filled, a larger one stays', () => {
    const ring = mask('......', '.####.', '.#..#.', '.####.', '......');

    assert.deepEqual(text(fillHoles(ring, 8)), ['......', '.####.', '.####.', '.####.', '......']);
    assert.deepEqual(text(fillHoles(ring, 7)), text(ring));
  });

  test('a bay that reaches the side of the picture is no hole', () => {
    const bay = mask('.###.', '.#...', '.###.');

    assert.deepEqual(text(fillHoles(bay, 1000)), text(bay));
  });
});
