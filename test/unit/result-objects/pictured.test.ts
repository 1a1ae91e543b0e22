import assert from 'node:assert/strict';
import { inflateSync } from 'node:zlib';
import type { DecodedFrame } from '../../../src/codecs/frame.ts';
import type { Analysis } from '../../../src/domain/findings.ts';
import { checkResultObjects } from '../../../src/result-objects/checker/check-result-objects.ts';
import { framePicture } from '../../../src/result-objects/drawing/frame-picture.ts';
import { buildEncapsulatedPdf } from '../../../src/result-objects/encapsulated-pdf.ts';
import { reportPdf } from '../../../src/result-objects/report-pdf.ts';
import { resultIdentity } from '../../../src/result-objects/result-uids.ts';
import { buildSecondaryCapture } from '../../../src/result-objects/secondary-capture.ts';
import { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { element } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { bundledTypeface } from '../../support/typeface.ts';
import { columns, context, negative, outcomes, positive, rows, sourceDataSets } from './synthetic-analysis.ts';

const typeface = bundledTypeface();
const picture = { width: columns, height: rows, rgb: new Uint8Array(rows * columns * 3).fill(60) };

function request(analysis: Analysis, role: 'secondary-capture' | 'encapsulated-pdf', name?: string) {
  const headers = name === undefined ? context.headers : new Map([...context.headers].map(([uid, header]) => [uid, header.with(element(tags.PatientName, 'PN', name))]));
  const images = analysis.findings.flatMap((finding) => finding.imageIndices.slice(0, 1)).map((imageIndex) => ({ imageIndex, picture }));
  return { analysis, context: { ...context, headers }, identity: resultIdentity(analysis, role, 1), typeface, images };
}

/** Code points that a PDF says it shows, out of its ToUnicode maps. */
function searchable(pdf: Buffer): string {
  const streams = pdf.toString('latin1').split('stream\n').map((part) => Buffer.from(part.split('\nendstream')[0]!, 'latin1'));
  const texts = streams.flatMap((stream) => {
    try {
      return [inflateSync(stream).toString('latin1')];
    } catch {
      return [];
    }
  });
  return texts.filter((text) => text.includes('beginbfchar')).flatMap((map) => [...map.matchAll(/^<[0-9A-F]{4}> <([0-9A-F]+)>$/gm)].map(([, hex]) => Buffer.from(hex!, 'hex').swap16().toString('utf16le'))).join('');
}

suite('renditions for people: picture and document', () => {
  for (const [name, analysis] of Object.entries(outcomes)) {
    test(`a ${name} run as Secondary Capture and as Encapsulated PDF has no fault by our checker`, () => {
      const objects = [
        { name: 'sc', dataSet: buildSecondaryCapture(request(analysis, 'secondary-capture')) },
        { name: 'pdf', dataSet: buildEncapsulatedPdf(request(analysis, 'encapsulated-pdf')) },
        ...sourceDataSets().map((dataSet, index) => ({ name: `source-${index}`, dataSet })),
      ];

      assert.deepEqual(checkResultObjects(objects), []);
    });
  }

  test('the same run gives the same bytes', () => {
    const [a, b] = [reportPdf(request(positive, 'encapsulated-pdf')), reportPdf(request(positive, 'encapsulated-pdf'))];

    assert.ok(a.equals(b));
    const [c, d] = [0, 1].map(() => Buffer.from(buildSecondaryCapture(request(positive, 'secondary-capture')).bytes(tags.PixelData)!));
    assert.ok(c!.equals(d!));
  });

  test('Japanese, Chinese and Korean names are in the document, embedded and searchable  [PS3.5 §6.2.1.2]', () => {
    for (const name of ['Yamada^Tarou=山田^太郎=やまだ^たろう', 'Zhang^Wei=張^偉', '王^小東', 'Hong^Gildong=洪^吉洞=홍^길동', 'Иванов^Пётр', 'Müller^Jörg']) {
      const shown = searchable(reportPdf(request(negative, 'encapsulated-pdf', name)));
      for (const character of name.split('=').slice(0, 2).join('').replaceAll('^', '')) assert.ok(shown.includes(character), `${character} of ${name}`);
    }
  });

  test('each character of names comes from a font that has it: no empty boxes', () => {
    const glyphs = typeface.glyphs('Dvořák Müller 山田太郎 やまだ 張偉 홍길동 Иванов 髙﨑 mm² mm³');

    assert.deepEqual(glyphs.filter(({ glyph }) => glyph === 0), []);
  });

  test('the picture has the warning across its top and the findings drawn in', () => {
    const sc = buildSecondaryCapture(request(positive, 'secondary-capture'));
    const pixels = sc.bytes(tags.PixelData)!;
    const amber = (value: Uint8Array): boolean => value[0] === 255 && value[1] === 176 && value[2] === 32;

    assert.deepEqual([...pixels.subarray(0, 3)], [180, 83, 9]);
    assert.ok(Array.from({ length: pixels.length / 3 }, (_, i) => pixels.subarray(3 * i, 3 * i + 3)).some(amber));
    assert.equal(sc.items(tags.SourceImageSequence).length, 2);
    assert.equal(sc.string(tags.BurnedInAnnotation), 'YES');
  });

  test('lines break at spaces, and between characters where there are none', () => {
    assert.deepEqual(typeface.wrap('one two three', typeface.width('one two') + 0.1), ['one two', 'three']);
    assert.deepEqual(typeface.wrap('山田太郎', 2), ['山田', '太郎']);
  });

  test('a frame is shown with its rescale and window, MONOCHROME1 inverted, values signed and masked  [PS3.3 §C.11.2.1.2.1]', () => {
    const pixels = new Uint8Array(new Int16Array([-1024, 0, 1000]).buffer);
    const frame = { rows: 1, columns: 3, samplesPerPixel: 1, bitsAllocated: 16, bitsStored: 16, pixelRepresentation: 1, photometricInterpretation: 'MONOCHROME2', planarConfiguration: 0, pixels } satisfies DecodedFrame;
    const header = DataSet.of([element(tags.RescaleSlope, 'DS', '1'), element(tags.RescaleIntercept, 'DS', '0'), element(tags.WindowCenter, 'DS', '0.5'), element(tags.WindowWidth, 'DS', '2001')]);
    const shades = (photometricInterpretation: string) => [0, 3, 6].map((at) => framePicture({ ...frame, photometricInterpretation }, header, null)!.rgb[at]);

    assert.deepEqual(shades('MONOCHROME2'), [0, 128, 255]);
    assert.deepEqual(shades('MONOCHROME1'), [255, 128, 0]);
    assert.equal(framePicture({ ...frame, photometricInterpretation: 'PALETTE COLOR' }, header, null), undefined);
  });
});
