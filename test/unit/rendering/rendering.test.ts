import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeFrameHere } from '../../../src/codecs/decode-frame.ts';
import type { DecodedFrame } from '../../../src/codecs/frame.ts';
import { encodeJpeg } from '../../../src/rendering/jpeg.ts';
import { windowed } from '../../../src/rendering/grey-pipeline.ts';
import { PaletteColours, paletteOf } from '../../../src/rendering/palette.ts';
import { encodePng } from '../../../src/rendering/png.ts';
import { renderFrame, storedValues } from '../../../src/rendering/render-frame.ts';
import { renderingFactsOf } from '../../../src/rendering/rendering-facts.ts';
import { reportHtml } from '../../../src/rendering/report-html.ts';
import { fitInto } from '../../../src/rendering/resize.ts';
import { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { element, item, sequence } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { pngOf } from '../../support/png.ts';

const frame = (changes: Partial<DecodedFrame>): DecodedFrame => ({
  rows: 1, columns: 4, samplesPerPixel: 1, bitsAllocated: 16, bitsStored: 12, pixelRepresentation: 0, photometricInterpretation: 'MONOCHROME2', planarConfiguration: 0, pixels: new Uint8Array(8), ...changes,
});
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);

suite('rendering', () => {
  test('signs and bits above Bits Stored are dealt with before anything else  [PS3.5 §8.1.1]', () => {
    assert.deepEqual([...storedValues(frame({ pixelRepresentation: 1, pixels: words(0x0fff, 0x0800, 0xf7ff, 1) }))], [-1, -2048, 2047, 1]);
    assert.deepEqual([...storedValues(frame({ pixels: words(0xf001, 0, 0x0fff, 2) }))], [1, 0, 4095, 2]);
    assert.deepEqual([...storedValues(frame({ bitsAllocated: 1, bitsStored: 1, pixels: Uint8Array.of(0b0101) }))], [1, 0, 1, 0]);
    assert.deepEqual([...storedValues(frame({ bitsAllocated: 8, bitsStored: 8, pixelRepresentation: 1, pixels: Uint8Array.of(255, 128, 127, 0) }))], [-1, -128, 127, 0]);
  });

  test('the three window functions at their corners  [PS3.3 §C.11.2.1.2, §C.11.2.1.3]', () => {
    const linear = { center: 2048, width: 4096, function: 'linear' } as const;
    assert.deepEqual([windowed(0, linear), windowed(4095, linear)], [0, 1]);
    assert.equal(windowed(127, { center: 127, width: 1, function: 'linear' }), 1);
    assert.equal(windowed(126, { center: 127, width: 1, function: 'linear' }), 0);
    assert.equal(windowed(100, { center: 100, width: 50, function: 'linear-exact' }), 0.5);
    assert.equal(windowed(100, { center: 100, width: 50, function: 'sigmoid' }), 0.5);
  });

  test('a window of the data set counts for modality values; of functional groups before the top level', () => {
    const groups = [sequence(tags.PerFrameFunctionalGroupsSequence, item(), item(sequence(tags.FrameVOILUTSequence, item(element(tags.WindowCenter, 'DS', 5), element(tags.WindowWidth, 'DS', 2)))))];
    const header = DataSet.of([element(tags.RescaleSlope, 'DS', 2), element(tags.RescaleIntercept, 'DS', -10), element(tags.WindowCenter, 'DS', 100), element(tags.WindowWidth, 'DS', 50), ...groups]);

    assert.deepEqual(renderingFactsOf(header, 1).voi, { center: 100, width: 50, function: 'linear' });
    assert.deepEqual(renderingFactsOf(header, 2).voi, { center: 5, width: 2, function: 'linear' });
    assert.deepEqual(renderingFactsOf(header, 2).modality, { slope: 2, intercept: -10 });
  });

  test('YBR becomes RGB  [PS3.3 §C.7.6.3.1.2]', () => {
    const picture = renderFrame(frame({ columns: 1, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, photometricInterpretation: 'YBR_FULL', pixels: Uint8Array.of(76, 85, 255) }), { ...renderingFactsOf(DataSet.empty, 1), palette: undefined });

    assert.deepEqual([...picture.samples], [254, 0, 0]);
  });

  test('palettes, plain and segmented, with 16-bit entries cut to 8  [PS3.3 §C.7.9]', () => {
    const table = (n: number): ReturnType<typeof element>[] => [element(tags.RedPaletteColorLookupTableDescriptor + n, 'US', 4, 0, 16)];
    const plain = DataSet.of([...[0, 1, 2].flatMap(table), ...[0, 1, 2].map((n) => element(tags.RedPaletteColorLookupTableData + n, 'OW', words(0, 0x4000, 0x8000, 0xff00)))]);
    const segmented = DataSet.of([...[0, 1, 2].flatMap(table), ...[0, 1, 2].map((n) => element(tags.SegmentedRedPaletteColorLookupTableData + n, 'OW', words(0, 1, 0, 1, 3, 0xff00)))]);

    assert.deepEqual([...paletteOf(plain)!.red], [0, 0x40, 0x80, 0xff]);
    assert.deepEqual([...paletteOf(segmented)!.blue], [0, 0x55, 0xaa, 0xff]);
    assert.deepEqual([...new PaletteColours(paletteOf(plain)!).apply([1, 9], 2, 1).samples], [0x40, 0x40, 0x40, 0xff, 0xff, 0xff]);
  });

  test('scaling keeps proportions and means', () => {
    const picture = { width: 4, height: 2, channels: 1, samples: Uint8Array.of(0, 100, 200, 200, 100, 0, 200, 200) } as const;

    assert.deepEqual([...fitInto(picture, 2, 9).samples], [50, 200]);
    assert.deepEqual([fitInto(picture, 8, 8).width, fitInto(picture, 8, 8).height], [8, 4]);
    assert.equal(fitInto(picture, 4, 2), picture);
  });

  test('a JPEG of any picture decodes to nearly the same picture at quality 100, noise and odd sizes too  [ITU-T T.81]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.constantFrom<1 | 3>(1, 3), fc.integer(), async (width, height, channels, seed) => {
        const samples = Uint8Array.from({ length: width * height * channels }, (_, n) => (Math.imul(n + seed, 2_654_435_761) >>> 24) & 0xff);
        const bytes = encodeJpeg({ width, height, channels, samples }, 100);
        const decoded = await decodeFrameHere({
          bytes, transferSyntaxUid: '1.2.840.10008.1.2.4.50', rows: height, columns: width, samplesPerPixel: channels, bitsAllocated: 8, bitsStored: 8, pixelRepresentation: 0,
          photometricInterpretation: channels === 1 ? 'MONOCHROME2' : 'YBR_FULL', planarConfiguration: 0,
        });
        assert.ok(decoded.ok);
        assert.ok(decoded.value.pixels.every((value, n) => Math.abs(value - samples[n]!) <= 6));
      }),
      { numRuns: 40 },
    );
  });

  test('a PNG holds the pixels as they are', () => {
    const samples = Uint8Array.from({ length: 5 * 3 * 3 }, (_, n) => (n * 37) & 0xff);

    assert.deepEqual(pngOf(Buffer.from(encodePng({ width: 5, height: 3, channels: 3, samples }))).samples, samples);
  });

  test('a report that is endlessly deep, or hostile in its texts, is a page all the same', () => {
    let content = DataSet.of([element(tags.ValueType, 'CS', 'TEXT'), element(tags.TextValue, 'UT', '<script>alert(1)</script>')]);
    for (let n = 0; n < 100; n += 1) content = DataSet.of([element(tags.ValueType, 'CS', 'CONTAINER'), sequence(tags.ContentSequence, content)]);
    const shallow = reportHtml(DataSet.of([sequence(tags.ContentSequence, DataSet.of([element(tags.ValueType, 'CS', 'TEXT'), element(tags.TextValue, 'UT', '<script>alert(1)</script>')]))]));

    assert.match(reportHtml(content), /…/);
    assert.doesNotMatch(shallow, /<script>/);
  });
});
