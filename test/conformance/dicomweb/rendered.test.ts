import assert from 'node:assert/strict';
import { decodeFrameHere } from '../../../src/codecs/decode-frame.ts';
import { element, item, sequence } from '../../../src/standards/dicom/element.ts';
import { readPart10 } from '../../../src/standards/dicom/part10.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { archiveFixture, fileOf, smallImage, type ArchiveFixture } from '../../support/archive-fixture.ts';
import { partsOf } from '../../support/multipart-parts.ts';
import { pngOf } from '../../support/png.ts';

const words = (values: readonly number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);
const corrupt = { tag: tags.PixelData, vr: 'OB', value: { offsetTable: new Uint8Array(0), fragments: [Uint8Array.of(0xff, 0x4f, 0xff, 0x51, 0, 1, 2, 3)] } } as const;

suite('WADO-RS rendered, and WADO-URI', () => {
  let archive: ArchiveFixture;
  const series = '/studies/1.2.1/series/1.2.1.1';
  const image = `${series}/instances/1.2.1.1.1`;

  suiteSetup(async () => {
    archive = await archiveFixture();
    const gradient = words(Array.from({ length: 16 }, (_, n) => n * 100));
    const report = [
      element(tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.88.33'), element(tags.Modality, 'CS', 'SR'),
      sequence(tags.ConceptNameCodeSequence, item(element(tags.CodeMeaning, 'LO', 'Imaging Report'))),
      sequence(tags.ContentSequence, item(element(tags.ValueType, 'CS', 'TEXT'), sequence(tags.ConceptNameCodeSequence, item(element(tags.CodeMeaning, 'LO', 'Finding'))), element(tags.TextValue, 'UT', '<b>nodule</b> & more'))),
    ];
    const sr = smallImage('1.2.1', '1.2.1.2', '1.2.1.2.1', report).without(tags.PixelData, tags.Rows, tags.Columns);
    const files = [
      fileOf(smallImage('1.2.1', '1.2.1.1', '1.2.1.1.1', [element(tags.PixelData, 'OW', gradient), element(tags.RescaleIntercept, 'DS', '-1024'), element(tags.RescaleSlope, 'DS', '1')])),
      fileOf(smallImage('1.2.1', '1.2.1.1', '1.2.1.1.2', [element(tags.PixelData, 'OW', gradient), element(tags.PhotometricInterpretation, 'CS', 'MONOCHROME1')])),
      fileOf(smallImage('1.2.1', '1.2.1.1', '1.2.1.1.3', [element(tags.PixelData, 'OW', Buffer.concat([gradient, words(Array.from({ length: 16 }, () => 4095))])), element(tags.NumberOfFrames, 'IS', 2)])),
      fileOf(sr),
      fileOf(smallImage('1.2.2', '1.2.2.1', '1.2.2.1.1', [corrupt]), '1.2.840.10008.1.2.4.90'),
      fileOf(smallImage('1.2.3', '1.2.3.1', '1.2.3.1.1', [
        element(tags.SamplesPerPixel, 'US', 3), element(tags.PhotometricInterpretation, 'CS', 'RGB'), element(tags.PlanarConfiguration, 'US', 1), element(tags.BitsAllocated, 'US', 8), element(tags.BitsStored, 'US', 8), element(tags.HighBit, 'US', 7),
        element(tags.PixelData, 'OB', Buffer.concat([Buffer.alloc(16, 200), Buffer.alloc(16, 100), Buffer.alloc(16, 50)])),
      ])),
    ];
    assert.equal((await archive.stow(files)).status, 200);
  });

  suiteTeardown(() => archive.close());

  const get = (url: string, accept?: string): Promise<Response> => fetch(url.startsWith('http') ? url : `${archive.url}${url}`, { headers: accept === undefined ? {} : { Accept: accept } });
  const png = async (url: string): Promise<ReturnType<typeof pngOf>> => {
    const response = await get(url, 'image/png');
    assert.equal(response.status, 200, url);
    return pngOf(Buffer.from(await response.arrayBuffer()));
  };

  test('without a window the whole range is shown; a window cuts it  [PS3.3 §C.11.2.1.2, PS3.18 §8.3.5.1.4]', async () => {
    const whole = await png(`${image}/rendered`);
    const narrow = await png(`${image}/rendered?window=-624,400,linear-exact`);

    assert.deepEqual([whole.width, whole.height, whole.channels, whole.samples[0], whole.samples[15]], [4, 4, 1, 0, 255]);
    assert.deepEqual([...narrow.samples.subarray(0, 8)], [0, 0, 0, 64, 128, 191, 255, 255]);
  });

  test('MONOCHROME1 is shown inverse  [PS3.3 §C.7.6.3.1.2]', async () => {
    const picture = await png(`${series}/instances/1.2.1.1.2/rendered`);

    assert.deepEqual([picture.samples[0], picture.samples[15]], [255, 0]);
  });

  test('colour by plane becomes colour by pixel', async () => {
    const picture = await png('/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1/rendered');

    assert.deepEqual([picture.channels, ...picture.samples.subarray(0, 3)], [3, 200, 100, 50]);
  });

  test('JPEG is the default; it decodes to nearly the same pixels', async () => {
    const response = await get(`${image}/rendered?quality=100`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const decoded = await decodeFrameHere({ bytes, transferSyntaxUid: '1.2.840.10008.1.2.4.50', rows: 4, columns: 4, samplesPerPixel: 1, bitsAllocated: 8, bitsStored: 8, pixelRepresentation: 0, photometricInterpretation: 'MONOCHROME2', planarConfiguration: 0 });
    const expected = (await png(`${image}/rendered`)).samples;

    assert.equal(response.headers.get('content-type'), 'image/jpeg');
    assert.ok(decoded.ok);
    assert.ok(decoded.value.pixels.every((value, n) => Math.abs(value - expected[n]!) <= 3));
  });

  test('the viewport scales the image, or a part of it, with its proportions kept  [PS3.18 §8.3.5.1.3]', async () => {
    const scaled = await png(`${image}/rendered?viewport=8,20`);
    const part = await png(`${image}/rendered?viewport=2,2,2,2,2,2`);
    const thumbnail = await png(`${image}/thumbnail`);

    assert.deepEqual([scaled.width, scaled.height], [8, 8]);
    assert.deepEqual([part.width, part.height, part.samples[3]], [2, 2, 255]);
    assert.deepEqual([thumbnail.width, thumbnail.height], [128, 128]);
  });

  test('rendered frames: one is a picture, several are parts  [PS3.18 §10.4.1.1.6]', async () => {
    const second = await png(`${series}/instances/1.2.1.1.3/frames/2/rendered?window=2000,4000`);

    assert.equal(second.samples[0], 255);
    assert.equal((await partsOf(await get(`${series}/instances/1.2.1.1.3/frames/1,2/rendered`, 'multipart/related; type="image/png"'))).length, 2);
    assert.equal((await partsOf(await get(`${series}/rendered`, 'multipart/related; type="image/jpeg"'))).length, 3);
    assert.equal((await get('/studies/1.2.1/rendered', 'image/jpeg')).status, 200);
  });

  test('a report is rendered as HTML that people can read, its texts escaped', async () => {
    const response = await get('/studies/1.2.1/series/1.2.1.2/instances/1.2.1.2.1/rendered', 'text/html');
    const text = await response.text();

    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(text, /<h1>Imaging Report<\/h1>/);
    assert.match(text, /<b>Finding<\/b>: &lt;b&gt;nodule&lt;\/b&gt; &amp; more/);
  });

  test('absurd parameters are 400, an unsupported one is a Warning  [PS3.18 §8.3.5]', async () => {
    const bad = ['window=1', 'window=a,b', 'window=40,0', 'window=40,400,cubic', 'window=1e999,1', 'viewport=0,0', 'viewport=100', 'viewport=99999,99999', 'viewport=8,8,-1,0', 'viewport=8,8,99,99', 'quality=0', 'quality=101', 'quality=x', 'iccprofile=maybe'];
    for (const query of bad) assert.equal((await get(`${image}/rendered?${query}`)).status, 400, query);
    assert.match((await get(`${image}/rendered?annotation=patient`)).headers.get('warning') ?? '', /^299 .*annotation/);
    assert.equal((await get(`${image}/rendered`, 'application/dicom')).status, 406);
  });

  test('corrupt pixel data are a 500 with its reason for that request; the next is served', async () => {
    const broken = '/studies/1.2.2/series/1.2.2.1/instances/1.2.2.1.1';
    const response = await get(`${broken}/rendered`);

    assert.equal(response.status, 500);
    assert.match(((await response.json()) as { error: string }).error, /CORRUPT/);
    assert.equal((await get(`${broken}/frames/1`, 'application/octet-stream')).status, 500);
    assert.equal((await get(`${broken}/frames/1`, 'image/jp2; transfer-syntax=*')).status, 200);
    assert.equal((await get(`${image}/rendered`)).status, 200);
  });

  test('WADO-URI gives files and pictures  [PS3.18 §9]', async () => {
    const base = `${archive.url.replace('/dicom-web', '')}/wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.1`;
    const file = await get(`${base}&objectUID=1.2.1.1.1&contentType=application%2Fdicom`);
    const picture = pngOf(Buffer.from(await (await get(`${base}&objectUID=1.2.1.1.3&frameNumber=2&contentType=image/png&windowCenter=2000&windowWidth=4000&rows=2`)).arrayBuffer()));

    assert.ok(readPart10(new Uint8Array(await file.arrayBuffer())).ok);
    assert.equal(file.headers.get('content-type'), 'application/dicom');
    assert.deepEqual([picture.width, picture.height, picture.samples[0]], [2, 2, 255]);
    assert.equal((await get(`${base}&objectUID=1.2.1.1.1`)).headers.get('content-type'), 'image/jpeg');
    assert.equal((await get(`${base}&objectUID=1.2.1.1.3`)).headers.get('content-type'), 'application/dicom');
    assert.deepEqual([(await get(`${base}&objectUID=1.2.99`)).status, (await get(base)).status, (await get(base.replace('=WADO', '=X'))).status], [404, 400, 400]);
  });
});
