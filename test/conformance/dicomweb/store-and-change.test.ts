import assert from 'node:assert/strict';
import { readPart10 } from '../../../src/standards/dicom/part10.ts';
import { dicomJsonText } from '../../../src/standards/dicom/json-model.ts';
import { nativeXml } from '../../../src/standards/dicom/native-xml.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { archiveFixture, fileOf, smallImage, type ArchiveFixture } from '../../support/archive-fixture.ts';

type Json = Record<string, { vr: string; Value?: unknown[] }>;

suite('STOW-RS of metadata, commitment, rejection, capabilities', () => {
  let archive: ArchiveFixture;

  suiteSetup(async () => {
    archive = await archiveFixture();
    assert.equal((await archive.stow([1, 2].map((n) => fileOf(smallImage('1.2.1', '1.2.1.1', `1.2.1.1.${n}`))))).status, 200);
  });

  suiteTeardown(() => archive.close());

  const get = (path: string, accept?: string): Promise<Response> => fetch(`${archive.url}${path}`, { headers: accept === undefined ? {} : { Accept: accept } });

  async function storeMetadata(type: string, metadata: string, pixelType = 'application/octet-stream', location = 'pixels/1'): Promise<Response> {
    const part = (headers: string, content: Uint8Array | string): Buffer => Buffer.concat([Buffer.from(`\r\n--B\r\n${headers}\r\n\r\n`), Buffer.from(content)]);
    const body = Buffer.concat([part(`Content-Type: ${type}`, metadata), part(`Content-Type: ${pixelType}\r\nContent-Location: ${location}`, Uint8Array.from({ length: 32 }, (_, n) => n)), Buffer.from('\r\n--B--')]);
    return fetch(`${archive.url}/studies`, { method: 'POST', headers: { 'Content-Type': `multipart/related; type="${type}"; boundary=B` }, body });
  }

  const uri = { bulkDataUri: () => 'pixels/1' };
  for (const [type, write] of [['application/dicom+json', (n: string) => `[${dicomJsonText(smallImage('1.2.5', '1.2.5.1', n), uri)}]`], ['application/dicom+xml', (n: string) => nativeXml(smallImage('1.2.5', '1.2.5.1', n), uri)]] as const) {
    test(`${type} with bulk data is stored as the instance it describes  [PS3.18 §10.5.1.2]`, async () => {
      const uid = type.endsWith('json') ? '1.2.5.1.1' : '1.2.5.1.2';

      assert.equal((await storeMetadata(type, write(uid))).status, 200);
      const file = readPart10(new Uint8Array(await (await get(`/studies/1.2.5/series/1.2.5.1/instances/${uid}`, 'application/dicom')).arrayBuffer()));
      assert.ok(file.ok);
      assert.deepEqual([file.value.dataSet.bytes(tags.PixelData)![31], file.value.dataSet.string(tags.PatientName)], [31, 'Yamada^Tarou=山田^太郎=やまだ^たろう']);
    });
  }

  test('metadata that are broken, or miss their bulk data, store nothing', async () => {
    assert.equal((await storeMetadata('application/dicom+json', '{')).status, 400);
    assert.equal((await storeMetadata('application/dicom+json', dicomJsonText(smallImage('1.2.6', '1.2.6.1', '1.2.6.1.1'), uri), undefined, 'elsewhere')).status, 400);
    assert.equal((await get('/studies/1.2.6')).status, 404);
  });

  test('the response module comes as XML when that is accepted  [PS3.18 §10.5.3.2]', async () => {
    const response = await fetch(`${archive.url}/studies`, { method: 'POST', headers: { 'Content-Type': 'multipart/related; type="application/dicom+json"; boundary=B', Accept: 'application/dicom+xml' }, body: `\r\n--B\r\nContent-Type: application/dicom+json\r\n\r\n[{}]\r\n--B--` });

    assert.equal(response.headers.get('content-type'), 'application/dicom+xml');
    assert.match(await response.text(), /<NativeDicomModel/);
  });

  test('search and metadata come as XML, one part a match  [PS3.18 §8.7.3.2]', async () => {
    const xml = 'multipart/related; type="application/dicom+xml"';

    assert.equal((await (await get('/studies/1.2.1/instances', xml)).text()).split('<NativeDicomModel').length, 3);
    assert.match(await (await get('/studies/1.2.1/metadata', xml)).text(), /<BulkData uri="[^"]+\/bulkdata\/7FE00010"/);
  });

  test('series metadata are kept as text and made anew when the series changes', async () => {
    const metadata = async (): Promise<{ tag: string | null; count: number }> => {
      const response = await get('/studies/1.2.1/series/1.2.1.1/metadata', 'application/dicom+json');
      return { tag: response.headers.get('etag'), count: ((await response.json()) as Json[]).length };
    };
    const first = await metadata();
    assert.deepEqual(await metadata(), first);

    await archive.stow([fileOf(smallImage('1.2.1', '1.2.1.1', '1.2.1.1.9'))]);

    const later = await metadata();
    assert.equal(later.count, first.count + 1);
    assert.notEqual(later.tag, first.tag);
  });

  test('a commitment request is answered per instance, and can be asked for again  [PS3.18 §13]', async () => {
    const reference = (sopClass: string, uid: string): Json => ({ '00081150': { vr: 'UI', Value: [sopClass] }, '00081155': { vr: 'UI', Value: [uid] } });
    const ct = '1.2.840.10008.5.1.4.1.1.2';
    const body = JSON.stringify({ '00081199': { vr: 'SQ', Value: [reference(ct, '1.2.1.1.1'), reference(ct, '1.2.99'), reference('1.2.840.10008.5.1.4.1.1.4', '1.2.1.1.2')] } });
    const post = (): Promise<Response> => fetch(`${archive.url}/commitment-requests/1.2.77`, { method: 'POST', headers: { 'Content-Type': 'application/dicom+json' }, body });
    const result = (await (await post()).json()) as Record<string, { Value: Json[] }>;

    assert.equal(result['00081199']!.Value.length, 1);
    assert.deepEqual(result['00081198']!.Value.map((item) => item['00081197']!.Value![0]), [0x0112, 0x0119]);
    assert.deepEqual(await (await get('/commitment-requests/1.2.77')).json(), result);
    assert.deepEqual([(await post()).status, (await get('/commitment-requests/1.2.78')).status], [409, 404]);
  });

  test('rejecting needs the administrator; what is rejected is gone from every answer, 410 says so, the audit log knows', async () => {
    await archive.stow([1, 2].map((n) => fileOf(smallImage('1.2.8', '1.2.8.1', `1.2.8.1.${n}`))));
    const reject = (path: string, token?: string): Promise<Response> => fetch(`${archive.url}${path}`, { method: 'POST', headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } });
    const instance = '/studies/1.2.8/series/1.2.8.1/instances/1.2.8.1.1';

    assert.deepEqual([(await reject(`${instance}/reject/113001^DCM`)).status, (await reject(`${instance}/reject/113001^DCM`, 'wrong')).status, (await reject(`${instance}/reject/42^DCM`, 'letmein')).status], [401, 403, 400]);
    assert.equal((await reject(`${instance}/reject/113001^DCM`, 'letmein')).status, 200);
    assert.deepEqual([(await get(instance)).status, (await get(`${instance}/metadata`)).status, (await get('/studies/1.2.8')).status], [410, 410, 200]);
    assert.equal(((await (await get('/studies/1.2.8/series')).json()) as Json[])[0]!['00201209']!.Value![0], 1);
    assert.equal((await fetch(`${archive.url}/studies/1.2.8`, { method: 'DELETE', headers: { Authorization: 'Bearer letmein' } })).status, 200);
    assert.deepEqual([(await get('/studies/1.2.8')).status, (await get('/studies?StudyInstanceUID=1.2.8')).status], [410, 204]);
    const events = await archive.database.query<{ n: number }>({ name: 'q', text: "select count(*) as n from audit_event where action = 'instances.rejected' and study_instance_uid = '1.2.8'" });
    assert.equal(events[0]!.n, 2);
  });

  test('OPTIONS describes the service as WADL or JSON  [PS3.18 §8.9]', async () => {
    const options = (accept: string): Promise<Response> => fetch(`${archive.url}/`, { method: 'OPTIONS', headers: { Accept: accept } });

    assert.match(await (await options('application/vnd.sun.wadl+xml')).text(), /<resource path="studies\/\{study\}\/metadata">/);
    assert.ok(((await (await options('application/json')).json()) as { resources: unknown[] }).resources.length > 20);
  });
});
