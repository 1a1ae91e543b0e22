import assert from 'node:assert/strict';
import { CodecPool } from '../../../src/codecs/codec-pool.ts';
import { transcode } from '../../../src/codecs/transcode.ts';
import { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { readDataSet } from '../../../src/standards/dicom/data-set-reader.ts';
import { writeDataSet } from '../../../src/standards/dicom/data-set-writer.ts';
import { element } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';

const UID = '1.2.840.10008.1.2';
const NATIVE = [UID, `${UID}.1`, `${UID}.1.99`, `${UID}.2`];
const PACKED = [`${UID}.5`, `${UID}.4.80`, `${UID}.4.90`, `${UID}.4.201`];

function image(samples: number, bits: 8 | 16, frames: number): DataSet {
  const pixels = Uint8Array.from({ length: 34 * 35 * samples * (bits / 8) * frames }, (_, i) => (i * 7 + (i >> 5)) & 0xff);
  return DataSet.of([
    element(tags.SamplesPerPixel, 'US', samples),
    element(tags.PhotometricInterpretation, 'CS', samples === 3 ? 'RGB' : 'MONOCHROME2'),
    ...(samples === 3 ? [element(tags.PlanarConfiguration, 'US', 0)] : []),
    element(tags.NumberOfFrames, 'IS', frames),
    element(tags.Rows, 'US', 34),
    element(tags.Columns, 'US', 35),
    element(tags.BitsAllocated, 'US', bits),
    element(tags.BitsStored, 'US', bits),
    element(tags.HighBit, 'US', bits - 1),
    element(tags.PixelRepresentation, 'US', 0),
    element(tags.PixelData, bits === 8 ? 'OB' : 'OW', pixels),
  ]);
}

suite('transcoding', function () {
  this.timeout(60_000);
  const pool = new CodecPool({ workers: 1 });
  suiteTeardown(() => pool.close());

  for (const packed of PACKED) {
    test(`native → ${packed} → native keeps every pixel, through the wire in each native syntax`, async () => {
      for (const [samples, bits, frames] of [[1, 16, 3], [1, 8, 1], [3, 8, 2]] as const) {
        const original = image(samples, bits, frames);
        for (const native of NATIVE) {
          const there = await transcode(original, native, packed, undefined, pool);
          assert.ok(there.ok, JSON.stringify(there));
          const wire = readDataSet(writeDataSet(there.value, packed), packed);
          assert.ok(wire.ok);
          const back = await transcode(wire.value, packed, native, undefined, pool);
          assert.ok(back.ok, JSON.stringify(back));
          const arrived = readDataSet(writeDataSet(back.value, native), native);
          assert.ok(arrived.ok);
          const end = original.bytes(tags.PixelData)!;
          assert.ok(Buffer.from(arrived.value.bytes(tags.PixelData)!).subarray(0, end.length).equals(end));
          assert.equal(arrived.value.string(tags.PhotometricInterpretation), original.string(tags.PhotometricInterpretation));
        }
      }
    });
  }

  test('JPEG 2000 of colours says YBR_RCT (PS3.5 §8.2.4)', async () => {
    const there = await transcode(image(3, 8, 1), `${UID}.1`, `${UID}.4.90`, undefined, pool);
    assert.ok(there.ok && there.value.string(tags.PhotometricInterpretation) === 'YBR_RCT');
  });

  test('a lossy target is refused, and so is one without a codec', async () => {
    for (const target of [`${UID}.4.50`, `${UID}.4.91`, `${UID}.4.102`, '1.2.3']) {
      const refused = await transcode(image(1, 8, 1), `${UID}.1`, target, undefined, pool);
      assert.ok(!refused.ok && refused.fault.code === 'UNSUPPORTED', target);
    }
  });

  test('a data set without pixel data is the same in every syntax', async () => {
    const report = DataSet.of([element(tags.PatientID, 'LO', 'A')]);
    const there = await transcode(report, `${UID}.1`, `${UID}.4.90`, undefined, pool);
    assert.ok(there.ok && there.value === report);
  });
});
