import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isEmptyMask, packFrames, unpackFrame } from '../../../src/result-objects/bit-packing.ts';

const masks = fc.integer({ min: 1, max: 70 }).chain((pixels) =>
  fc.record({
    pixels: fc.constant(pixels),
    frames: fc.array(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: pixels, maxLength: pixels }), { minLength: 1, maxLength: 5 }),
    shift: fc.integer({ min: 0, max: 9 }),
  }),
);

suite('bit packing of BINARY segmentations', () => {
  test('frames are joined without padding, first pixel in the least significant bit, even length  [PS3.5 §8.1.1, §8.2]', () => {
    const frames = [Uint8Array.of(1, 0, 0, 1, 0), Uint8Array.of(0, 1, 1, 0, 1)];

    const packed = packFrames(frames, 5);

    // 10010 01101 → bits 0, 3, 6, 7, 9
    assert.deepEqual([...packed], [0b1100_1001, 0b0000_0010]);
  });

  test('what is packed unpacks to the same masks, at any size and any alignment of the arrays', () => {
    fc.assert(
      fc.property(masks, ({ pixels, frames, shift }) => {
        const given = frames.map((frame) => {
          const backing = new Uint8Array(pixels + shift);
          backing.set(frame, shift);
          return backing.subarray(shift);
        });

        const packed = packFrames(given, pixels);

        assert.equal(packed.length % 2, 0);
        frames.forEach((frame, index) => assert.deepEqual([...unpackFrame(packed, index, pixels)], frame));
      }),
      { numRuns: 300 },
    );
  });

  test('a mask is empty exactly when it has no 1', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 40 }), fc.integer({ min: 0, max: 9 }), (mask, shift) => {
        const backing = new Uint8Array(mask.length + shift);
        backing.set(mask, shift);

        assert.equal(isEmptyMask(backing.subarray(shift)), !mask.includes(1));
      }),
    );
  });

  test('a mask of another size is our own mistake and thrown', () => {
    assert.throws(() => packFrames([new Uint8Array(7)], 8));
  });
});
