import assert from 'node:assert/strict';
import { applyModalityTable, fitsInt16, modalityTable, invertMonochrome1, storedValues, type PixelFormat } from '../../../src/model-steps/modality-lut.ts';

const ct: PixelFormat = { bitsAllocated: 16, bitsStored: 16, signed: true, padding: null };

function bytesOf(values: readonly number[]): Uint8Array {
  return new Uint8Array(Int16Array.from(values).buffer);
}

suite('model-steps/modality-lut', () => {
  test('Pixel Representation decides whether 0xFFFF is −1 or 65535  [PS3.3 §C.7.6.3.1]', () => {
    const bytes = new Uint8Array([0xff, 0xff, 0x00, 0x80]);

    assert.deepEqual([...storedValues(bytes, 2, ct)], [-1, -32768]);
    assert.deepEqual([...storedValues(bytes, 2, { ...ct, signed: false })], [65535, 32768]);
  });

  test('bits above Bits Stored do not count, with and without sign', () => {
    const bytes = bytesOf([0x7123, 0x0fff, 0x0800]);

    assert.deepEqual([...storedValues(bytes, 3, { ...ct, bitsStored: 12, signed: false })], [0x123, 0xfff, 0x800]);
    assert.deepEqual([...storedValues(bytes, 3, { ...ct, bitsStored: 12 })], [0x123, -1, -2048]);
  });

  test('bytes at an odd offset are read right', () => {
    const shifted = new Uint8Array([0, ...bytesOf([100, -7])]).subarray(1);

    assert.deepEqual([...storedValues(shifted, 2, ct)], [100, -7]);
  });

  test('too few bytes are a RangeError, not zeros', () => {
    assert.throws(() => storedValues(new Uint8Array(3), 2, ct), RangeError);
  });

  const format = { ...ct, bitsAllocated: 16 as const };

  test('slope and intercept give Hounsfield units, written at the offset  [PS3.3 §C.11.1]', () => {
    const out = new Int16Array(4);

    applyModalityTable(bytesOf([0, 1024, 2048]), 3, modalityTable(format, { slope: 1, intercept: -1024, paddingOutput: -1024, floor: -1024 }, 'int16'), out, 1);

    assert.deepEqual([...out], [0, -1024, 0, 1024]);
  });

  test('padding becomes air and −2000 outside the field of view does not go below it', () => {
    const out = new Float32Array(4);
    const table = modalityTable({ ...format, padding: { low: 63, high: 64 } }, { slope: 0.5, intercept: 10, paddingOutput: -1024, floor: -1024 }, 'float32');

    applyModalityTable(bytesOf([-4000, 63, 64, 40]), 4, table, out, 0);

    assert.deepEqual([...out], [-1024, -1024, -1024, 30]);
  });

  test('an Int16 volume rounds and stays in range', () => {
    const out = new Int16Array(3);
    const table = modalityTable({ ...format, signed: false }, { slope: 1.25, intercept: 0, paddingOutput: 0, floor: -Infinity }, 'int16');

    applyModalityTable(bytesOf([-1, 3, 0]), 3, table, out, 0);

    assert.deepEqual([...out], [32767, 4, 0]);
  });

  test('the table agrees with stored values of every format: 8 and 16 bits, signed and not, with bits that do not count', () => {
    for (const bitsAllocated of [8, 16] as const)
      for (const bitsStored of [bitsAllocated - 4, bitsAllocated])
        for (const signed of [true, false]) {
          const own = { bitsAllocated, bitsStored, signed, padding: null };
          const bytes = Uint8Array.from({ length: 65536 * 2 }, (_, i) => (bitsAllocated === 8 ? i % 256 : i % 2 === 0 ? (i >> 1) & 255 : i >> 9));
          const out = new Float32Array(256);

          applyModalityTable(bytes, 256, modalityTable(own, { slope: 1, intercept: 0, paddingOutput: 0, floor: -Infinity }, 'float32'), out, 0);

          assert.deepEqual([...out], [...storedValues(bytes, 256, own)]);
        }
  });

  test('a fractional slope asks for float32', () => {
    assert.equal(fitsInt16([{ slope: 1, intercept: -1024 }, { slope: 2, intercept: 0 }]), true);
    assert.equal(fitsInt16([{ slope: 1, intercept: -1024 }, { slope: 0.5, intercept: 0 }]), false);
  });

  test('MONOCHROME1 is turned over the stored range, signed or not', () => {
    assert.deepEqual([...invertMonochrome1(Uint16Array.from([0, 4095, 1000]), { bitsStored: 12, signed: false })], [4095, 0, 3095]);
    assert.deepEqual([...invertMonochrome1(Int16Array.from([-2048, 2047]), { bitsStored: 12, signed: true })], [2047, -2048]);
  });
});
