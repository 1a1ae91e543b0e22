import assert from 'node:assert/strict';
import { encodeFrame } from '../../../src/codecs/decode-frame.ts';
import { loadSeries, type LoadedSeries } from '../../../src/model-runtime/load-series.ts';
import type { SeriesInput } from '../../../src/model-runtime/series-input.ts';
import { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { element, sequence } from '../../../src/standards/dicom/element.ts';
import { readPart10, writePart10 } from '../../../src/standards/dicom/part10.ts';
import { describePixels } from '../../../src/standards/dicom/pixel-frames.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { inMemory, tinyChest, type TinyChest } from '../../support/model-fixture.ts';

const EXPLICIT = '1.2.840.10008.1.2.1';

async function loaded(input: SeriesInput): Promise<LoadedSeries> {
  const series = await loadSeries(input);
  assert.ok(series.ok, series.ok ? '' : series.fault.reason);
  return series.value;
}

function slicesOf(chest: TinyChest): DataSet[] {
  return chest.files.map(({ bytes }) => {
    const file = readPart10(bytes);
    assert.ok(file.ok);
    return file.value.dataSet;
  });
}

function fileOf(dataSet: DataSet, transferSyntaxUid = EXPLICIT): SeriesInput {
  return inMemory({ nodule: [0, 0, 0], files: [{ name: 'x', sopInstanceUid: dataSet.string(tags.SOPInstanceUID)!, bytes: writePart10({ dataSet, transferSyntaxUid }) }] });
}

/** The same series as one Legacy Converted Enhanced CT object: frames in the order given, geometry in functional groups (PS3.3 §C.7.6.16). */
function enhanced(slices: readonly DataSet[]): DataSet {
  const first = slices[0]!;
  const shared = DataSet.of([
    sequence(tags.PlaneOrientationSequence, DataSet.of([first.get(tags.ImageOrientationPatient)!])),
    sequence(tags.PixelMeasuresSequence, DataSet.of([first.get(tags.PixelSpacing)!, first.get(tags.SliceThickness)!])),
  ]);
  const perFrame = slices.map((slice) =>
    DataSet.of([
      sequence(tags.PlanePositionSequence, DataSet.of([slice.get(tags.ImagePositionPatient)!])),
      sequence(tags.PixelValueTransformationSequence, DataSet.of([slice.get(tags.RescaleIntercept)!, slice.get(tags.RescaleSlope)!])),
    ]),
  );
  return first
    .without(tags.ImagePositionPatient, tags.ImageOrientationPatient, tags.PixelSpacing, tags.RescaleIntercept, tags.RescaleSlope, tags.SliceThickness)
    .with(
      element(tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.2.2'),
      element(tags.NumberOfFrames, 'IS', slices.length),
      sequence(tags.SharedFunctionalGroupsSequence, shared),
      sequence(tags.PerFrameFunctionalGroupsSequence, perFrame),
      element(tags.PixelData, 'OW', Buffer.concat(slices.map((slice) => slice.bytes(tags.PixelData)!))),
    );
}

suite('model-runtime/load-series', () => {
  const chest = tinyChest();
  let plain: LoadedSeries;

  suiteSetup(async () => {
    plain = await loaded(inMemory(chest));
  });

  test('values are HU in the order of the slices, whole numbers held as Int16', () => {
    const { volume } = plain;

    assert.ok(volume.data instanceof Int16Array);
    assert.deepEqual(volume.dims, [40, 64, 80]);
    assert.deepEqual(volume.spacing, [3, 3, 3]);
    assert.equal(volume.data[0], -1000);
    // The nodule's centre lies in slice (6 + 57) / 3 = 21, row 34.5, column 56.5.
    assert.equal(volume.data[(21 * 64 + 34) * 80 + 56], 300);
  });

  test('an enhanced multi-frame object gives the same volume, with frame numbers  [PS3.3 §C.7.6.16]', async () => {
    const series = await loaded(fileOf(enhanced(slicesOf(chest))));

    assert.deepEqual(series.volume, plain.volume);
    assert.deepEqual(series.geometry.sliceOffsets, plain.geometry.sliceOffsets);
    assert.deepEqual(series.source.images.map((image) => image.frame), Array.from({ length: 40 }, (_, i) => 40 - i));
    assert.equal(series.traits.sliceThicknessMm, 3);
  });

  test('rescale may differ from frame to frame', async () => {
    const slices = slicesOf(chest).map((slice, i) => (i % 2 === 0 ? slice : doubled(slice)));

    const series = await loaded(fileOf(enhanced(slices)));

    // Halving loses the lowest bit, never more.
    series.volume.data.forEach((value, q) => assert.ok(Math.abs(value - plain.volume.data[q]!) <= 1));
  });

  for (const [name, syntax] of [['RLE', '1.2.840.10008.1.2.5'], ['JPEG-LS', '1.2.840.10008.1.2.4.80'], ['JPEG 2000', '1.2.840.10008.1.2.4.90']] as const) {
    test(`${name} gives the same volume as native pixels`, async () => {
      const slices = await Promise.all(slicesOf(chest).map((slice) => packed(slice, syntax)));
      const files = slices.map((dataSet) => ({ name: 'x', sopInstanceUid: dataSet.string(tags.SOPInstanceUID)!, bytes: writePart10({ dataSet, transferSyntaxUid: syntax }) }));

      const series = await loaded(inMemory({ ...chest, files }));

      assert.deepEqual(series.volume, plain.volume);
    });
  }

  test('big endian and implicit give the same volume', async () => {
    for (const transferSyntaxUid of ['1.2.840.10008.1.2', '1.2.840.10008.1.2.2']) {
      const files = slicesOf(chest).map((dataSet) => ({ name: 'x', sopInstanceUid: dataSet.string(tags.SOPInstanceUID)!, bytes: writePart10({ dataSet, transferSyntaxUid }) }));
      assert.deepEqual((await loaded(inMemory({ ...chest, files }))).volume, plain.volume);
    }
  });

  test('the input digest is that of the set of instances and their content, not of their order', async () => {
    const input = inMemory(chest);

    const turned = await loaded({ ...input, instances: [...input.instances].reverse() });
    const told = await loaded({ ...input, instances: input.instances.map((one, i) => (i === 0 ? { ...one, contentDigest: 'crc32c:0' } : one)) });

    assert.equal(turned.source.inputDigest, plain.source.inputDigest);
    assert.notEqual(told.source.inputDigest, plain.source.inputDigest);
  });
});

function doubled(slice: DataSet): DataSet {
  const stored = slice.bytes(tags.PixelData)!;
  const values = new Uint16Array(stored.slice().buffer).map((v) => v >> 1);
  return slice.with(element(tags.RescaleSlope, 'DS', 2), element(tags.PixelData, 'OW', new Uint8Array(values.buffer)));
}

async function packed(slice: DataSet, syntax: string): Promise<DataSet> {
  const described = describePixels(slice);
  assert.ok(described.ok);
  const stream = await encodeFrame({ ...described.value, pixels: slice.bytes(tags.PixelData)! }, syntax);
  assert.ok(stream.ok, stream.ok ? '' : stream.fault.message);
  return slice.with(element(tags.PixelData, 'OB', { offsetTable: new Uint8Array(0), fragments: [stream.value] }));
}
