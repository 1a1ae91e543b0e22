import assert from 'node:assert/strict';
import { readPart10 } from '../../../src/standards/dicom/part10.ts';
import { element } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { MultipartReader } from '../../../src/standards/dicomweb/multipart-reader.ts';
import { archiveFixture, fileOf, multipartOf, smallImage, type ArchiveFixture } from '../../support/archive-fixture.ts';

type Json = Record<string, { vr: string; Value?: unknown[]; BulkDataURI?: string }>;

suite('DICOMweb Studies Service', () => {
  let archive: ArchiveFixture;

  suiteSetup(async () => {
    archive = await archiveFixture();
    const images = [1, 2, 3].map((n) => fileOf(smallImage('1.2.1', '1.2.1.1', `1.2.1.1.${n}`)));
    images.push(fileOf(smallImage('1.2.1', '1.2.1.2', '1.2.1.2.1', [element(tags.Modality, 'CS', 'SR'), element(tags.SeriesNumber, 'IS', 2)]), '1.2.840.10008.1.2'));
    assert.equal((await archive.stow(images)).status, 200);
  });

  suiteTeardown(() => archive.close());

  const get = (path: string, accept?: string): Promise<Response> => fetch(`${archive.url}${path}`, { headers: accept === undefined ? {} : { Accept: accept } });
  const search = async (path: string): Promise<Json[]> => {
    const response = await get(path, 'application/dicom+json');
    assert.equal(response.status, 200, path);
    return (await response.json()) as Json[];
  };

  test('a search for studies returns the required attributes  [PS3.18 Table 10.6.3-3]', async () => {
    const [match] = await search('/studies?PatientID=P1');

    const required = ['00080020', '00080030', '00080050', '00080061', '00080090', '00081190', '00100010', '00100020', '00100030', '00100040', '0020000D', '00200010', '00201206', '00201208'];
    assert.deepEqual(required.filter((tag) => !(tag in match!)), []);
    assert.deepEqual(match!['00080061']?.Value, ['CT', 'SR']);
    assert.deepEqual(match!['00201208']?.Value, [4]);
    assert.deepEqual(match!['00100010']?.Value, [{ Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' }]);
    assert.deepEqual(match!['00081190']?.Value, [`${archive.url}/studies/1.2.1`]);
  });

  test('series and instances are found under their study and by themselves  [PS3.18 §10.6.1]', async () => {
    assert.deepEqual((await search('/studies/1.2.1/series')).map((match) => match['0020000E']?.Value?.[0]), ['1.2.1.1', '1.2.1.2']);
    assert.deepEqual((await search('/series?Modality=SR')).map((match) => match['00100020']?.Value?.[0]), ['P1']);
    assert.deepEqual((await search('/studies/1.2.1/series/1.2.1.1/instances')).map((match) => match['00200013']?.Value?.[0]), [1, 2, 3]);
    assert.equal((await search('/studies/1.2.1/instances')).length, 4);
    assert.deepEqual((await search('/instances?SOPInstanceUID=1.2.1.1.2')).map((match) => match['0020000D']?.Value?.[0]), ['1.2.1']);
  });

  test('no match is 204 without a body  [PS3.18 §10.6.3]', async () => {
    const response = await get('/studies?PatientID=nobody');

    assert.deepEqual([response.status, await response.text()], [204, '']);
  });

  test('more matches than asked for are announced  [PS3.18 §8.3.4.4]', async () => {
    const response = await get('/studies/1.2.1/instances?limit=1&offset=1');

    assert.match(response.headers.get('warning') ?? '', /There are 2 additional results that can be requested/);
    assert.equal(((await response.json()) as Json[]).length, 1);
  });

  test('bad requests say what is wrong', async () => {
    assert.equal((await get('/studies?limit=-1')).status, 400);
    assert.equal((await get('/studies?StudyDate=tomorrow')).status, 400);
    assert.equal((await get('/studies?Nonsense=1')).status, 400);
    assert.equal((await get('/studies', 'text/csv')).status, 406);
    assert.equal((await get('/studies/1.2.999')).status, 404);
    assert.equal((await get('/studies/not-a-uid/metadata')).status, 404);
  });

  test('retrieve of a series gives every instance as a file in Explicit VR Little Endian by default  [PS3.18 §10.4.1.1.2]', async () => {
    const files = await retrieve('/studies/1.2.1', 'multipart/related; type="application/dicom"');

    assert.equal(files.length, 4);
    for (const file of files) {
      const read = readPart10(file);
      assert.ok(read.ok);
      assert.equal(read.value.transferSyntaxUid, '1.2.840.10008.1.2.1');
      assert.deepEqual([...read.value.dataSet.bytes(tags.PixelData)!.subarray(0, 4)], [0, 1, 2, 3]);
    }
  });

  test('transfer-syntax=* gives the bytes that came  [PS3.18 §8.7.3.5.2]', async () => {
    const [file] = await retrieve('/studies/1.2.1/series/1.2.1.2/instances/1.2.1.2.1', 'multipart/related; type="application/dicom"; transfer-syntax=*');

    const read = readPart10(file!);
    assert.equal(read.ok && read.value.transferSyntaxUid, '1.2.840.10008.1.2');
  });

  test('a single instance comes as application/dicom when asked so', async () => {
    const response = await get('/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1', 'application/dicom');

    assert.equal(response.headers.get('content-type'), 'application/dicom; transfer-syntax=1.2.840.10008.1.2.1');
    assert.ok(readPart10(new Uint8Array(await response.arrayBuffer())).ok);
  });

  test('metadata carry everything but the pixels, which have a BulkDataURI; unchanged is 304  [PS3.18 §10.4.1.1.2]', async () => {
    const response = await get('/studies/1.2.1/series/1.2.1.1/metadata', 'application/dicom+json');
    const metadata = (await response.json()) as Json[];

    assert.equal(metadata.length, 3);
    assert.equal(metadata[0]!['00280010']?.Value?.[0], 4);
    assert.match(metadata[0]!['7FE00010']?.BulkDataURI ?? '', /\/instances\/1\.2\.1\.1\.1\/bulkdata\/7FE00010$/);
    const again = await fetch(`${archive.url}/studies/1.2.1/series/1.2.1.1/metadata`, { headers: { 'If-None-Match': response.headers.get('etag')! } });
    assert.equal(again.status, 304);
  });

  test('the same instance again is success and no second one; other bytes under its UID are refused or quarantined  [ADR 0012]', async () => {
    const same = await archive.stow([fileOf(smallImage('1.2.1', '1.2.1.1', '1.2.1.1.1'))]);
    await archive.stow([fileOf(smallImage('1.2.1', '1.2.1.1', '1.2.1.1.1', [element(tags.PatientAge, 'AS', '055Y')]))]);

    assert.equal(same.status, 200);
    assert.equal((await search('/studies/1.2.1/series/1.2.1.1/instances')).length, 3);
    const [row] = await archive.database.query<{ n: number }>({ name: 'q', text: "select count(*) as n from quarantine where reason = 'duplicate-other-content'" });
    assert.equal(row?.n, 1);
  });

  test('an instance of another study than the path is refused with its reason, the others are stored  [PS3.18 §10.5.3]', async () => {
    const response = await archive.stow([fileOf(smallImage('1.3.1', '1.3.1.1', '1.3.1.1.1')), fileOf(smallImage('1.3.2', '1.3.2.1', '1.3.2.1.1'))], '1.3.1');
    const body = (await response.json()) as Record<string, { Value: Json[] }>;

    assert.equal(response.status, 202);
    assert.equal(body['00081198']?.Value[0]?.['00081197']?.Value?.[0], 0xa900);
    assert.equal(body['00081199']?.Value[0]?.['00081155']?.Value?.[0], '1.3.1.1.1');
    assert.equal((await get('/studies/1.3.2')).status, 404);
  });

  test('bodies that are no STOW request are refused cleanly: wrong type, no boundary, not DICOM, truncated', async () => {
    const post = (body: string | Buffer, type: string): Promise<Response> => fetch(`${archive.url}/studies`, { method: 'POST', headers: { 'Content-Type': type }, body });
    const multipart = 'multipart/related; type="application/dicom"; boundary=BOUND';

    assert.equal((await post('x', 'application/dicom')).status, 415);
    assert.equal((await post('x', 'multipart/related; type="application/dicom"')).status, 415);
    assert.equal((await post('no boundary here', multipart)).status, 400);
    assert.equal((await post(multipartOf([Buffer.from('this is text')]), multipart)).status, 400);
    const whole = multipartOf([fileOf(smallImage('1.4.1', '1.4.1.1', '1.4.1.1.1')), fileOf(smallImage('1.4.1', '1.4.1.1', '1.4.1.1.2'))]);
    const cut = await post(whole.subarray(0, whole.length - 100), multipart);
    assert.equal(cut.status, 202);
    assert.deepEqual((await search('/studies/1.4.1/instances')).map((match) => match['00080018']?.Value?.[0]), ['1.4.1.1.1']);
  });

  async function retrieve(path: string, accept: string): Promise<Uint8Array[]> {
    const response = await get(path, accept);
    assert.equal(response.status, 200);
    const boundary = /boundary=(\S+)$/.exec(response.headers.get('content-type') ?? '')![1]!;
    const files: Buffer[][] = [];
    const reader = new MultipartReader(boundary, { begin: () => void files.push([]), bytes: (chunk) => void files.at(-1)!.push(Buffer.from(chunk)), end: () => undefined });
    assert.equal(reader.push(new Uint8Array(await response.arrayBuffer())) ?? reader.finish(), undefined);
    return files.map((chunks) => Buffer.concat(chunks));
  }
});
