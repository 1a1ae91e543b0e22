import assert from 'node:assert/strict';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { CodecPool } from '../../../src/codecs/codec-pool.ts';
import { decodeFrame, decodeFrameHere, decodeFrameNow, encodeFrame } from '../../../src/codecs/decode-frame.ts';
import { frameLength, type DecodedFrame, type EncodedFrame, type FrameShape } from '../../../src/codecs/frame.ts';
import { decodeRle, encodeRle } from '../../../src/codecs/rle.ts';

const UID = '1.2.840.10008.1.2';
const LOSSLESS = { 'RLE Lossless': `${UID}.5`, 'JPEG-LS Lossless': `${UID}.4.80`, 'JPEG 2000 Lossless': `${UID}.4.90`, 'HTJ2K Lossless': `${UID}.4.201`, 'HTJ2K Lossless RPCL': `${UID}.4.202` };

function shape(changes: Partial<FrameShape> = {}): FrameShape {
  const samples = changes.samplesPerPixel ?? 1;
  return { rows: 7, columns: 9, samplesPerPixel: samples, bitsAllocated: 16, bitsStored: 16, pixelRepresentation: 0, photometricInterpretation: samples === 3 ? 'RGB' : 'MONOCHROME2', planarConfiguration: 0, ...changes };
}

/** A picture with edges, ramps and noise; every sample fits into Bits Stored, signed ones are sign-extended. */
function picture(of: FrameShape, seed = 1): DecodedFrame {
  const pixels = new Uint8Array(frameLength(of));
  const view = new DataView(pixels.buffer);
  let state = seed;
  for (let i = 0; i < of.rows * of.columns * of.samplesPerPixel; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const value = ((i * 37) ^ (state >>> 20)) & (2 ** of.bitsStored - 1);
    const signed = of.pixelRepresentation === 1 && value >= 2 ** (of.bitsStored - 1) ? value - 2 ** of.bitsStored : value;
    if (of.bitsAllocated === 8) view.setUint8(i, signed & 0xff);
    else view.setUint16(i * 2, signed & 0xffff, true);
  }
  return { ...of, pixels };
}

suite('RLE (PS3.5 Annex G)', () => {
  test('what is encoded decodes to the same pixels', () => {
    const shapes = fc.record({ rows: fc.integer({ min: 1, max: 12 }), columns: fc.integer({ min: 1, max: 300 }), samplesPerPixel: fc.constantFrom(1, 3), bitsAllocated: fc.constantFrom(8, 16, 32) });
    fc.assert(fc.property(shapes, fc.integer({ min: 1, max: 5 }), fc.infiniteStream(fc.nat({ max: 255 })), (traits, calm, noise) => {
      const of = shape({ ...traits, bitsStored: traits.bitsAllocated });
      const pixels = new Uint8Array(frameLength(of));
      for (let i = 0; i < pixels.length; i++) pixels[i] = i % calm === 0 || i === 0 ? noise.next().value! : pixels[i - 1]!;
      const encoded = encodeRle(pixels, of);
      assert.ok(encoded.ok && encoded.value.length % 2 === 0);
      const decoded = decodeRle(encoded.value, of);
      assert.ok(decoded.ok);
      assert.deepEqual(decoded.value, pixels);
    }), { numRuns: 100 });
  });

  test('a stream that ends early, or has another number of segments, is CORRUPT', () => {
    const frame = picture(shape());
    const encoded = encodeRle(frame.pixels, frame);
    assert.ok(encoded.ok);
    for (const bytes of [encoded.value.subarray(0, encoded.value.length - 20), encoded.value.subarray(0, 40), new Uint8Array(64)]) {
      const decoded = decodeRle(bytes, frame);
      assert.ok(!decoded.ok && decoded.fault.code === 'CORRUPT');
    }
  });

  test('random bytes never throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeRle(bytes, shape())), { numRuns: 2000 });
  });
});

suite('native frames', () => {
  const decode = (frame: EncodedFrame): DecodedFrame => {
    const decoded = decodeFrameNow(frame);
    assert.ok(decoded.ok);
    return decoded.value;
  };

  test('colour by plane comes out by pixel (PS3.3 §C.7.6.3.1.3)', () => {
    const of = shape({ rows: 1, columns: 2, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, planarConfiguration: 1 });
    const decoded = decode({ ...of, transferSyntaxUid: `${UID}.1`, bytes: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    assert.deepEqual([...decoded.pixels], [1, 3, 5, 2, 4, 6]);
    assert.equal(decoded.planarConfiguration, 0);
  });

  test('YBR_FULL_422 gets its chrominance for every pixel (PS3.3 §C.7.6.3.1.2)', () => {
    const of = shape({ rows: 1, columns: 2, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, photometricInterpretation: 'YBR_FULL_422' });
    const decoded = decode({ ...of, transferSyntaxUid: `${UID}.1`, bytes: Uint8Array.of(10, 20, 100, 200) });
    assert.deepEqual([...decoded.pixels], [10, 100, 200, 20, 100, 200]);
    assert.equal(decoded.photometricInterpretation, 'YBR_FULL');
  });

  test('too few bytes are CORRUPT', () => {
    const decoded = decodeFrameNow({ ...shape(), transferSyntaxUid: `${UID}.1`, bytes: new Uint8Array(10) });
    assert.ok(!decoded.ok && decoded.fault.code === 'CORRUPT');
  });

  test('a deflated frame inflates, a bomb does not (PS3.5 §A.4.13)', () => {
    const frame = picture(shape());
    assert.ok(Buffer.from(frame.pixels).equals(decode({ ...frame, transferSyntaxUid: `${UID}.8.1`, bytes: deflateRawSync(frame.pixels) }).pixels));
    const bomb = decodeFrameNow({ ...frame, transferSyntaxUid: `${UID}.8.1`, bytes: deflateRawSync(new Uint8Array(1 << 20)) });
    assert.ok(!bomb.ok && bomb.fault.code === 'CORRUPT');
  });
});

suite('codecs in workers', function () {
  this.timeout(60_000);
  const pool = new CodecPool({ workers: 1 });
  suiteTeardown(() => pool.close());

  for (const [name, uid] of Object.entries(LOSSLESS)) {
    test(`${name} gives back every kind of pixel bit for bit`, async () => {
      const shapes = [
        shape({ bitsAllocated: 8, bitsStored: 8 }),
        shape({ bitsStored: 12 }),
        shape({ rows: 64, columns: 64 }),
        shape({ pixelRepresentation: 1, bitsStored: 16 }),
        shape({ pixelRepresentation: 1, bitsStored: 12 }),
        shape({ samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, rows: 33, columns: 17 }),
      ];
      for (const of of shapes) {
        const frame = picture(of);
        const encoded = await encodeFrame(frame, uid, undefined, pool);
        assert.ok(encoded.ok, JSON.stringify(encoded));
        const decoded = await decodeFrame({ ...of, transferSyntaxUid: uid, bytes: encoded.value }, undefined, pool);
        assert.ok(decoded.ok, JSON.stringify(decoded));
        assert.ok(Buffer.from(decoded.value.pixels).equals(frame.pixels), JSON.stringify(of));
      }
    });

    test(`${name}: a cut stream is CORRUPT, wherever it is cut`, async () => {
      const of = shape({ rows: 32, columns: 32 });
      const encoded = await encodeFrame(picture(of), uid, undefined, pool);
      assert.ok(encoded.ok);
      for (const part of [0, 0.1, 0.5, 0.9, 0.99]) {
        const decoded = await decodeFrame({ ...of, transferSyntaxUid: uid, bytes: encoded.value.subarray(0, Math.floor(encoded.value.length * part) - (part > 0.9 ? 8 : 0)) }, undefined, pool);
        assert.ok(!decoded.ok && decoded.fault.code === 'CORRUPT', `${name} ${part}`);
      }
    });

    test(`${name}: another shape than the data set says is CORRUPT`, async () => {
      const of = shape({ rows: 16, columns: 16 });
      const encoded = await encodeFrame(picture(of), uid, undefined, pool);
      assert.ok(encoded.ok);
      if (uid.endsWith('.5')) return; // an RLE stream does not know its shape
      const decoded = await decodeFrame({ ...of, rows: 17, transferSyntaxUid: uid, bytes: encoded.value }, undefined, pool);
      assert.ok(!decoded.ok && decoded.fault.code === 'CORRUPT');
    });
  }

  test('mutated streams give a fault or a frame of the right length, and the pool lives on', async () => {
    const of = shape({ rows: 24, columns: 24 });
    const frame = picture(of);
    for (const uid of Object.values(LOSSLESS)) {
      const encoded = await encodeFrame(frame, uid, undefined, pool);
      assert.ok(encoded.ok);
      for (let seed = 1; seed <= 25; seed++) {
        const bytes = Uint8Array.from(encoded.value);
        for (let i = 0; i < 3; i++) bytes[(seed * 7919 + i * 104729) % bytes.length]! ^= 1 + ((seed * 31) % 255);
        const decoded = await decodeFrame({ ...of, transferSyntaxUid: uid, bytes }, undefined, pool);
        if (decoded.ok) assert.equal(decoded.value.pixels.length, frameLength(of));
      }
      const again = await decodeFrame({ ...of, transferSyntaxUid: uid, bytes: encoded.value }, undefined, pool);
      assert.ok(again.ok && Buffer.from(again.value.pixels).equals(frame.pixels));
    }
  });

  test('a frame over its time is LIMIT, and the next one gets a new worker', async () => {
    const hasty = new CodecPool({ workers: 1, timeoutMs: 1 });
    const patient = new CodecPool({ workers: 1 });
    const of = shape({ rows: 512, columns: 512 });
    const late = await hasty.encode(picture(of), `${UID}.4.90`);
    assert.ok(!late.ok && late.fault.code === 'LIMIT');
    const fine = await patient.encode(picture(of), `${UID}.4.90`);
    assert.ok(fine.ok);
    await Promise.all([hasty.close(), patient.close()]);
  });

  test('a full queue refuses, an aborted request is CANCELLED, a closed pool answers', async () => {
    const small = new CodecPool({ workers: 1, maxWaiting: 1 });
    const frame = picture(shape({ rows: 200, columns: 200 }));
    const controller = new AbortController();
    const running = small.encode(frame, `${UID}.4.90`, controller.signal);
    const waiting = small.encode(frame, `${UID}.4.90`);
    const refused = await small.encode(frame, `${UID}.4.90`);
    assert.ok(!refused.ok && refused.fault.code === 'LIMIT');
    controller.abort();
    const aborted = await running;
    assert.ok(!aborted.ok && aborted.fault.code === 'CANCELLED');
    assert.ok((await waiting).ok);
    await small.close();
    const closed = await small.encode(frame, `${UID}.4.90`);
    assert.ok(!closed.ok && closed.fault.code === 'CANCELLED');
  });

  test('the model child decodes in its own thread', async () => {
    const frame = picture(shape({ rows: 40, columns: 40, pixelRepresentation: 1 }));
    for (const uid of Object.values(LOSSLESS)) {
      const encoded = await encodeFrame(frame, uid, undefined, pool);
      assert.ok(encoded.ok);
      const decoded = await decodeFrameHere({ ...frame, transferSyntaxUid: uid, bytes: encoded.value });
      assert.ok(decoded.ok && Buffer.from(decoded.value.pixels).equals(frame.pixels));
    }
  });

  test('transfer syntaxes without a codec say so', async () => {
    for (const uid of [`${UID}.4.102`, `${UID}.4.110`, '1.2.3']) {
      const decoded = await decodeFrame({ ...shape(), transferSyntaxUid: uid, bytes: new Uint8Array(10) }, undefined, pool);
      assert.ok(!decoded.ok && decoded.fault.code === 'UNSUPPORTED');
    }
  });
});
