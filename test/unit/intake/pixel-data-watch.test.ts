import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PixelDataWatch } from '../../../src/stages/intake/pixel-data-watch.ts';

/** Items of these lengths, then a Sequence Delimitation Item unless told. */
function fragments(lengths: readonly number[], littleEndian = true, delimited = true): Buffer {
  const header = (element: number, length: number): Buffer => {
    const bytes = Buffer.alloc(8);
    if (littleEndian) {
      bytes.writeUInt16LE(0xfffe, 0);
      bytes.writeUInt16LE(element, 2);
      bytes.writeUInt32LE(length, 4);
    } else {
      bytes.writeUInt16BE(0xfffe, 0);
      bytes.writeUInt16BE(element, 2);
      bytes.writeUInt32BE(length, 4);
    }
    return bytes;
  };
  return Buffer.concat([...lengths.flatMap((length) => [header(0xe000, length), Buffer.alloc(length, 0x41)]), ...(delimited ? [header(0xe0dd, 0)] : [])]);
}

function endsInside(value: Buffer, piece: number, littleEndian = true): boolean {
  const before = 100;
  const watch = new PixelDataWatch({ valueOffset: before, length: undefined, littleEndian });
  const whole = Buffer.concat([Buffer.alloc(before), value]);
  // The first chunk that a watch is shown holds the last bytes before the value.
  for (let at = before - 3; at < whole.length; at += piece) watch.push(whole.subarray(at, at + piece), at);
  return watch.endsInside(whole.length);
}

suite('pixel data that end early', () => {
  test('a value of a known length: fewer bytes are too few, more are what follows  [PS3.5 §7.1]', () => {
    const watch = new PixelDataWatch({ valueOffset: 50, length: 100, littleEndian: true });

    assert.deepEqual([149, 150, 170].map((length) => watch.endsInside(length)), [true, false, false]);
  });

  test('fragments, cut anywhere and shown in any pieces: too few bytes exactly when an item is not whole  [PS3.5 §A.4]', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }), fc.boolean(), fc.integer({ min: 1, max: 60 }), fc.nat(), (lengths, littleEndian, piece, cut) => {
        const whole = fragments(lengths, littleEndian);
        const ends = lengths.reduce<number[]>((all, length) => [...all, all.at(-1)! + 8 + length], [0]);
        const at = cut % (whole.length + 1);
        // Inside the delimiter itself counts as inside: its header is not whole.
        const isBetween = ends.includes(at) || at === whole.length;

        assert.equal(endsInside(whole.subarray(0, at), piece, littleEndian), !isBetween);
      }),
      { numRuns: 300 },
    );
  });

  test('a missing Sequence Delimitation Item, and something that is no item, are not judged', () => {
    assert.equal(endsInside(fragments([10, 20], true, false), 7), false);
    assert.equal(endsInside(Buffer.concat([fragments([10], true, false), Buffer.from('no item at all')]), 7), false);
  });
});
