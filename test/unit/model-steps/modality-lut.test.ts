import assert from 'node:assert/strict';
import { applyModalityLut, fitsInt16, invertMonochrome1, storedValues, type PixelFormat } from '../../../src/model-steps/modality-lut.ts';

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

  test('slope and intercept give Hounsfield units, written at the offset  [PS3.3 §C.11.1]', () => {
    const out = new Int16Array(4);

    applyModalityLut(Int16Array.from([0, 1024, 2048]), { slope: 1, intercept: -1024, padding: null, paddingOutput: -1024, floor: -1024 }, out, 1);

    assert.deepEqual([...out], [0, -1024, 0, 1024]);
  });

  test('padding becomes air and −2000 outside the field of view does not go below it', () => {
    const out = new Float32Array(4);

    applyModalityLut(Int16Array.from([-4000, 63, 64, 40]), { slope: 0.5, intercept: 10, padding: { low: 63, high: 64 }, paddingOutput: -1024, floor: -1024 }, out, 0);

    assert.deepEqual([...out], [-1024, -1024, -1024, 30]);
  });

  test('an Int16 volume rounds and stays in range', () => {
    const out = new Int16Array(3);

    applyModalityLut(Uint16Array.from([65535, 3, 0]), { slope: 1.25, intercept: 0, padding: null, paddingOutput: 0, floor: -Infinity }, out, 0);

    assert.deepEqual([...out], [32767, 4, 0]);
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
