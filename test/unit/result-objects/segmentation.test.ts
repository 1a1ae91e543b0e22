import assert from 'node:assert/strict';
import { unpackFrame } from '../../../src/result-objects/bit-packing.ts';
import { buildSegmentation } from '../../../src/result-objects/segmentation.ts';
import { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { element, sequence } from '../../../src/standards/dicom/element.ts';
import { readPart10, writePart10 } from '../../../src/standards/dicom/part10.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { explicitLittleEndian } from '../../../src/standards/dicom/transfer-syntaxes.ts';
import { columns, context, negative, positive, rows, segmentationRequest, sourceImages } from './synthetic-analysis.ts';

suite('BINARY segmentation', () => {
  const built = buildSegmentation(segmentationRequest(positive));
  assert.ok(built !== undefined);

  test('each frame holds the mask of its segment and image after a round trip through Part 10', () => {
    const read = readPart10(writePart10({ dataSet: built, transferSyntaxUid: explicitLittleEndian }));
    assert.ok(read.ok);
    const { dataSet } = read.value;
    const frames = dataSet.items(tags.PerFrameFunctionalGroupsSequence);

    assert.equal(frames.length, 4);
    frames.forEach((frame, index) => {
      const number = frame.items(tags.SegmentIdentificationSequence)[0]?.number(tags.ReferencedSegmentNumber);
      const source = frame.items(tags.DerivationImageSequence)[0]?.items(tags.SourceImageSequence)[0]?.string(tags.ReferencedSOPInstanceUID);
      const segment = positive.segments.find((candidate) => candidate.number === number);
      const mask = segment?.frames.find(({ imageIndex }) => sourceImages[imageIndex]?.sopInstanceUid === source)?.mask;
      assert.deepEqual(unpackFrame(dataSet.bytes(tags.PixelData)!, index, rows * columns), mask);
    });
  });

  test('positions, orientation and spacing are the texts of the source, also when oblique', () => {
    const frame = built.items(tags.PerFrameFunctionalGroupsSequence)[0];
    const shared = built.items(tags.SharedFunctionalGroupsSequence)[0];
    const source = context.headers.get(sourceImages[3]!.sopInstanceUid)!;

    assert.deepEqual(frame?.items(tags.PlanePositionSequence)[0]?.strings(tags.ImagePositionPatient), source.strings(tags.ImagePositionPatient));
    assert.deepEqual(shared?.items(tags.PlaneOrientationSequence)[0]?.strings(tags.ImageOrientationPatient), source.strings(tags.ImageOrientationPatient));
    assert.deepEqual(shared?.items(tags.PixelMeasuresSequence)[0]?.strings(tags.PixelSpacing), ['0.70', '0.65']);
  });

  test('the same request gives the same bytes', () => {
    const bytes = [1, 2].map(() => writePart10({ dataSet: buildSegmentation(segmentationRequest(positive))!, transferSyntaxUid: explicitLittleEndian }));

    assert.deepEqual(bytes[0], bytes[1]);
  });

  test('nothing is built when no segment has a pixel', () => {
    assert.equal(buildSegmentation(segmentationRequest(negative)), undefined);
  });

  test('a segment without pixels is described and has no frame', () => {
    const empty = { ...positive.segments[1]!, frames: [{ imageIndex: 0, mask: new Uint8Array(rows * columns) }] };

    const some = buildSegmentation(segmentationRequest({ ...positive, segments: [positive.segments[0]!, empty] }))!;

    assert.equal(some.items(tags.SegmentSequence).length, 2);
    assert.equal(some.number(tags.NumberOfFrames), 2);
  });

  test('a cine, whose images share positions, gets a temporal dimension  [PS3.3 §C.7.6.17]', () => {
    const one = context.headers.get(sourceImages[0]!.sopInstanceUid)!;
    const headers = new Map(sourceImages.map((image) => [image.sopInstanceUid, one.with(element(tags.SOPInstanceUID, 'UI', image.sopInstanceUid))]));

    const cine = buildSegmentation(segmentationRequest(positive, { ...context, headers }))!;

    const values = cine.items(tags.PerFrameFunctionalGroupsSequence).map((frame) => frame.items(tags.FrameContentSequence)[0]?.numbers(tags.DimensionIndexValues));
    assert.deepEqual(values, [[1, 1, 1], [1, 1, 2], [2, 1, 3], [2, 1, 4]]);
    assert.equal(cine.items(tags.DimensionIndexSequence).length, 3);
  });

  test('an enhanced source gives each frame its own position and frame number  [PS3.3 §C.7.6.16]', () => {
    const uid = sourceImages[0]!.sopInstanceUid;
    const plane = (z: number): DataSet => DataSet.of([sequence(tags.PlanePositionSequence, DataSet.of([element(tags.ImagePositionPatient, 'DS', '0', '0', String(z))]))]);
    const header = context.headers
      .get(uid)!
      .without(tags.ImagePositionPatient)
      .with(sequence(tags.PerFrameFunctionalGroupsSequence, ...sourceImages.map((_, index) => plane(10 * index))));
    const images = sourceImages.map((image, index) => ({ ...image, sopInstanceUid: uid, frame: index + 1 }));

    const enhanced = buildSegmentation(segmentationRequest({ ...positive, source: { ...positive.source, images } }, { ...context, headers: new Map([[uid, header]]) }))!;

    const frame = enhanced.items(tags.PerFrameFunctionalGroupsSequence)[0]!;
    assert.deepEqual(frame.items(tags.PlanePositionSequence)[0]?.strings(tags.ImagePositionPatient), ['0', '0', '30']);
    assert.equal(frame.items(tags.DerivationImageSequence)[0]?.items(tags.SourceImageSequence)[0]?.string(tags.ReferencedFrameNumber), '4');
  });

  test('a lossy source makes the segmentation lossy, with ratio and method  [PS3.3 §C.7.6.1.1.5]', () => {
    const headers = new Map([...context.headers].map(([uid, header]) => [
      uid,
      header.with(element(tags.LossyImageCompression, 'CS', '01'), element(tags.LossyImageCompressionRatio, 'DS', '12'), element(tags.LossyImageCompressionMethod, 'CS', 'ISO_10918_1')),
    ]));

    const lossy = buildSegmentation(segmentationRequest(positive, { ...context, headers }))!;

    assert.equal(lossy.string(tags.LossyImageCompression), '01');
    assert.equal(lossy.string(tags.LossyImageCompressionRatio), '12');
  });

  test('a projection has no frame of reference, no position, no spacing without thickness, and says the patient orientation  [PS3.3 §C.7.6.1]', () => {
    const headers = new Map([...context.headers].map(([uid, header]) => [
      uid,
      header.without(tags.ImagePositionPatient, tags.ImageOrientationPatient, tags.SliceThickness).with(element(tags.PatientOrientation, 'CS', 'L', 'F')),
    ]));

    const flat = buildSegmentation(segmentationRequest(positive, { ...context, headers }))!;

    assert.ok(!flat.has(tags.FrameOfReferenceUID));
    assert.deepEqual(flat.strings(tags.PatientOrientation), ['L', 'F']);
    assert.equal(flat.items(tags.SharedFunctionalGroupsSequence)[0]?.size, 0);
    assert.ok(flat.items(tags.PerFrameFunctionalGroupsSequence).every((frame) => !frame.has(tags.PlanePositionSequence)));
  });
});
