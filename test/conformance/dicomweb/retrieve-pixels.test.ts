import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { element, item, sequence } from '../../../src/standards/dicom/element.ts';
import { readPart10 } from '../../../src/standards/dicom/part10.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { archiveFixture, fileOf, smallImage, type ArchiveFixture } from '../../support/archive-fixture.ts';
import { partsOf } from '../../support/multipart-parts.ts';
import { corpus } from '../../support/peers.ts';

const OCTETS = 'multipart/related; type="application/octet-stream"';
const ramp = (start: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, n) => (n % 2 === 0 ? start + n : 0));

suite('WADO-RS pixels', () => {
  let archive: ArchiveFixture;
  const single = '/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1';
  const multi = '/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2';

  suiteSetup(async () => {
    archive = await archiveFixture();
    const files = [
      fileOf(smallImage('1.2.1', '1.2.1.1', '1.2.1.1.1', [element(tags.PixelData, 'OW', ramp(0))])),
      fileOf(smallImage('1.2.1', '1.2.1.1', '1.2.1.1.2', [element(tags.NumberOfFrames, 'IS', 3), element(tags.PixelData, 'OW', Buffer.concat([ramp(0), ramp(50), ramp(100)]))])),
      fileOf(smallImage('1.2.1', '1.2.1.1', '1.2.1.1.3', [element(tags.PixelData, 'OW', ramp(7))]), '1.2.840.10008.1.2.2'),
      fileOf(smallImage('1.2.1', '1.2.1.2', '1.2.1.2.1', [
        element(tags.BitsAllocated, 'US', 1), element(tags.BitsStored, 'US', 1), element(tags.HighBit, 'US', 0), element(tags.Rows, 'US', 3), element(tags.Columns, 'US', 3), element(tags.NumberOfFrames, 'IS', 2),
        element(tags.PixelData, 'OB', Uint8Array.of(0b10101010, 0b01010101, 0b11, 0)),
      ])),
      fileOf(smallImage('1.2.1', '1.2.1.3', '1.2.1.3.1', [sequence(0x54000100, item(element(0x54001010, 'OW', new Uint8Array(2_000).fill(9))))])),
    ];
    assert.equal((await archive.stow(files)).status, 200);
  });

  suiteTeardown(() => archive.close());

  const get = (url: string, accept?: string, headers: Record<string, string> = {}): Promise<Response> => fetch(`${archive.url}${url}`, { headers: { ...headers, ...(accept === undefined ? {} : { Accept: accept }) } });

  test('frames are given in the order asked for, one part each, with their transfer syntax and location  [PS3.18 §10.4.1.1.6]', async () => {
    const response = await get(`${multi}/frames/1,3`, OCTETS);
    const parts = await partsOf(response);

    assert.deepEqual(parts.map((part) => [...part.bytes]), [[...ramp(0)], [...ramp(100)]]);
    assert.equal(parts[0]!.headers.get('content-type'), 'application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1');
    assert.equal(parts[1]!.headers.get('content-location'), `${archive.url}${multi}/frames/3`);
  });

  test('one frame may come as a single body; unchanged is 304', async () => {
    const response = await get(`${multi}/frames/2`, 'application/octet-stream');

    assert.deepEqual([...new Uint8Array(await response.arrayBuffer())], [...ramp(50)]);
    assert.equal((await get(`${multi}/frames/2`, 'application/octet-stream', { 'If-None-Match': response.headers.get('etag')! })).status, 304);
  });

  test('big endian pixels leave little endian  [PS3.18 §8.7.3.5.2]', async () => {
    const response = await get('/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.3/frames/1', 'application/octet-stream; transfer-syntax=*');

    assert.deepEqual([...new Uint8Array(await response.arrayBuffer())], [...ramp(7)]);
  });

  test('frames of single bits are cut out without padding between them  [PS3.5 §8.1.1]', async () => {
    const [first, second] = await partsOf(await get('/studies/1.2.1/series/1.2.1.2/instances/1.2.1.2.1/frames/1,2', OCTETS));

    assert.deepEqual([...first!.bytes], [0b10101010, 0b1]);
    assert.deepEqual([...second!.bytes], [0b10101010, 0b1]);
  });

  for (const [type, syntax] of [['image/jls', '1.2.840.10008.1.2.4.80'], ['image/jp2', '1.2.840.10008.1.2.4.90'], ['image/jphc', '1.2.840.10008.1.2.4.201'], ['image/dicom-rle', '1.2.840.10008.1.2.5']] as const) {
    test(`native frames are encoded as ${type} when that is asked for  [PS3.18 Table 8.7.3-5]`, async () => {
      const response = await get(`${single}/frames/1`, `multipart/related; type="${type}"`);
      const [part] = await partsOf(response);

      assert.equal(part!.headers.get('content-type'), `${type}; transfer-syntax=${syntax}`);
    });
  }

  test('the first acceptable range wins, what cannot be given is passed over, nothing left is 406  [PS3.18 §8.7.4]', async () => {
    const list = 'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50, multipart/related; type=application/octet-stream;q=0.5';

    assert.equal((await partsOf(await get(`${single}/frames/1`, list)))[0]!.bytes.length, 32);
    assert.equal((await get(`${single}/frames/1`, 'image/jpeg')).status, 406);
    assert.equal((await get(`${single}/frames/1`, 'text/plain')).status, 406);
    assert.equal((await get(`${multi}/frames/1,2`, 'application/octet-stream')).status, 406);
  });

  test('frames that are none are 400, frames that are not there 404  [PS3.18 Table 10.4.3-1]', async () => {
    for (const frames of ['0', '-1', 'x', '1,,2', '1.5', '1;2']) assert.equal((await get(`${multi}/frames/${frames}`)).status, 400, frames);
    for (const frames of ['4', '1,99', '999999999']) assert.equal((await get(`${multi}/frames/${frames}`)).status, 404, frames);
  });

  test('every BulkDataURI of metadata gives its bytes; a range of them is 206  [PS3.18 §10.4.1.1.5]', async () => {
    const url = '/studies/1.2.1/series/1.2.1.3/instances/1.2.1.3.1';
    const [metadata] = (await (await get(`${url}/metadata`)).json()) as Record<string, { BulkDataURI?: string; Value?: Record<string, { BulkDataURI: string }>[] }>[];
    const pixels = await fetch(metadata!['7FE00010']!.BulkDataURI!, { headers: { Accept: 'application/octet-stream' } });
    const waveform = metadata!['54000100']!.Value![0]!['54001010']!.BulkDataURI;
    const range = await fetch(waveform, { headers: { Accept: 'application/octet-stream', Range: 'bytes=10-19' } });

    assert.equal((await pixels.arrayBuffer()).byteLength, 32);
    assert.equal((await partsOf(await fetch(waveform, { headers: { Accept: OCTETS } })))[0]!.bytes.length, 2_000);
    assert.deepEqual([range.status, range.headers.get('content-range'), (await range.arrayBuffer()).byteLength], [206, 'bytes 10-19/2000', 10]);
    assert.equal((await fetch(waveform, { headers: { Accept: 'application/octet-stream', Range: 'bytes=5000-' } })).status, 416);
    assert.equal((await get(`${url}/bulkdata/00420011`)).status, 404);
    assert.equal((await get(`${url}/bulkdata/nonsense`)).status, 400);
  });

  test('pixel data of a series are a part for every instance; of a study in octets too', async () => {
    assert.equal((await partsOf(await get('/studies/1.2.1/series/1.2.1.1/pixeldata', OCTETS))).length, 3);
    assert.equal((await partsOf(await get('/studies/1.2.1', OCTETS))).length, 6);
  });

  test('application/zip is given to whoever asks for it, and only to them', async () => {
    const zip = Buffer.from(await (await get('/studies/1.2.1/series/1.2.1.1', 'application/zip')).arrayBuffer());

    assert.equal(zip.readUInt32LE(0), 0x04034b50);
    assert.equal(zip.readUInt16LE(zip.length - 12), 3);
    assert.match((await get('/studies/1.2.1/series/1.2.1.1')).headers.get('content-type')!, /^multipart\/related; type="application\/dicom"/);
  });

  test('compressed frames of real files leave as stored or decoded, by what is accepted', async function () {
    const folder = corpus(this, 'transfer-syntaxes');
    const name = ['pydicom__SC_rgb_jpeg.dcm'].map((file) => path.join(folder, file));
    for (const file of name) {
      const bytes = readFileSync(file);
      const answer = (await (await archive.stow([bytes])).json()) as Record<string, { Value: Record<string, { Value: string[] }>[] }>;
      const url = answer['00081199']!.Value[0]!['00081190']!.Value[0]!;
      const read = readPart10(bytes);
      assert.ok(read.ok);
      const stored = await partsOf(await fetch(`${url}/frames/1`, { headers: { Accept: `${OCTETS}; transfer-syntax=*` } }));
      const decoded = await partsOf(await fetch(`${url}/frames/1`, { headers: { Accept: OCTETS } }));

      assert.match(stored[0]!.headers.get('content-type')!, new RegExp(`transfer-syntax=${read.value.transferSyntaxUid.replaceAll('.', '\\.')}$`));
      assert.equal(decoded[0]!.bytes.length, read.value.dataSet.number(tags.Rows)! * read.value.dataSet.number(tags.Columns)! * 3);
    }
  });
});
