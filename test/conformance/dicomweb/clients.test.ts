import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readPart10 } from '../../../src/standards/dicom/part10.ts';
import { element } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { archiveFixture, fileOf, smallImage, type ArchiveFixture } from '../../support/archive-fixture.ts';
import { partsOf } from '../../support/multipart-parts.ts';
import { FetchXmlHttpRequest } from '../../support/xml-http-request.ts';

type Json = Record<string, { vr: string; Value?: unknown[]; BulkDataURI?: string }>;

/** The calls of dicomweb-client (JavaScript) that are tried. */
interface DicomwebClient {
  searchForStudies(options: object): Promise<Json[]>;
  searchForSeries(options: object): Promise<Json[]>;
  searchForInstances(options: object): Promise<Json[]>;
  retrieveSeriesMetadata(options: object): Promise<Json[]>;
  retrieveSeries(options: object): Promise<ArrayBuffer[]>;
  retrieveInstance(options: object): Promise<ArrayBuffer>;
  retrieveInstanceFrames(options: object): Promise<ArrayBuffer[]>;
  retrieveInstanceRendered(options: object): Promise<ArrayBuffer[]>;
  retrieveBulkData(options: object): Promise<ArrayBuffer[]>;
  storeInstances(options: object): Promise<unknown>;
}

suite('DICOMweb clients', () => {
  let archive: ArchiveFixture;
  const study = '1.2.1';
  const series = '1.2.1.1';
  const names = { studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: '1.2.1.1.2' };
  const image = `/studies/${study}/series/${series}/instances/1.2.1.1.2`;

  suiteSetup(async () => {
    archive = await archiveFixture();
    assert.equal((await archive.stow([1, 2, 3].map((n) => fileOf(smallImage(study, series, `1.2.1.1.${n}`, [element(tags.StudyDescription, 'LO', 'Chest')]))))).status, 200);
  });

  suiteTeardown(() => archive.close());

  const get = (path: string, accept?: string): Promise<Response> => fetch(`${archive.url}${path}`, { headers: accept === undefined ? {} : { Accept: accept } });

  suite('dicomweb-client 0.11 (JavaScript)', () => {
    let client: DicomwebClient;

    suiteSetup(() => {
      const before = Reflect.get(globalThis, 'XMLHttpRequest') as unknown;
      Reflect.set(globalThis, 'XMLHttpRequest', FetchXmlHttpRequest);
      const library = createRequire(import.meta.url)('dicomweb-client') as { api: { DICOMwebClient: new (options: { url: string }) => DicomwebClient } };
      client = new library.api.DICOMwebClient({ url: archive.url });
      assert.equal(before, undefined);
    });

    suiteTeardown(() => Reflect.deleteProperty(globalThis, 'XMLHttpRequest'));

    test('searches on every level', async () => {
      assert.equal((await client.searchForStudies({ queryParams: { PatientID: 'P1' } })).length, 1);
      assert.equal((await client.searchForSeries({ studyInstanceUID: study })).length, 1);
      assert.equal((await client.searchForInstances({ studyInstanceUID: study, seriesInstanceUID: series })).length, 3);
    });

    test('reads metadata, and the bulk data they point to', async () => {
      const metadata = await client.retrieveSeriesMetadata(names);
      const [pixels] = await client.retrieveBulkData({ BulkDataURI: metadata[0]!['7FE00010']!.BulkDataURI });

      assert.equal(metadata.length, 3);
      assert.equal(pixels!.byteLength, 32);
    });

    test('retrieves files, frames and pictures', async () => {
      assert.equal((await client.retrieveSeries(names)).length, 3);
      assert.ok(readPart10(new Uint8Array(await client.retrieveInstance(names))).ok);
      assert.equal((await client.retrieveInstanceFrames({ ...names, frameNumbers: [1] }))[0]!.byteLength, 32);
      const [picture] = await client.retrieveInstanceRendered(names);
      assert.equal(new Uint8Array(picture!)[0], 0xff);
    });

    test('stores', async () => {
      const file = fileOf(smallImage('1.2.2', '1.2.2.1', '1.2.2.1.1'));

      await client.storeInstances({ datasets: [file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength)] });

      assert.equal((await client.searchForInstances({ studyInstanceUID: '1.2.2' })).length, 1);
    });
  });

  test('OHIF: its study list, series list and metadata find what they need; its frames come', async () => {
    const [found] = (await (await get('/studies?limit=101&offset=0&fuzzymatching=true&includefield=00081030%2C00080060&PatientName=*Yamada*', 'application/dicom+json')).json()) as Json[];
    const [row] = (await (await get(`/studies/${study}/series?includefield=0008103E&includefield=00080031`, 'application/dicom+json')).json()) as Json[];
    const [metadata] = (await (await get(`/studies/${study}/series/${series}/metadata`, 'application/dicom+json')).json()) as Json[];
    const frame = await partsOf(await get(`${image}/frames/1`, 'multipart/related; type="application/octet-stream"; transfer-syntax=*, multipart/related; type=image/jls; transfer-syntax=1.2.840.10008.1.2.4.80'));

    assert.deepEqual([found!['00081030']?.Value, found!['00080061']?.Value], [['Chest'], ['CT']]);
    assert.deepEqual([row!['0020000E']?.Value, row!['00080060']?.Value, row!['00201209']?.Value], [[series], ['CT'], [3]]);
    assert.deepEqual(['00080016', '00080018', '0020000E', '00280010', '00280011', '00280100'].filter((tag) => metadata![tag]?.Value === undefined), []);
    assert.equal(frame[0]!.bytes.length, 32);
  });

  test('Weasis: as stored by transfer-syntax=*, a thumbnail, WADO-URI with its own parameters', async () => {
    assert.equal((await partsOf(await get(`/studies/${study}/series/${series}`, 'multipart/related;type=application/dicom;transfer-syntax=*'))).length, 3);
    assert.equal((await get(`/studies/${study}/series/${series}/thumbnail?viewport=256%2C256`, 'image/jpeg')).status, 200);
    const uri = `${archive.url.replace('/dicom-web', '')}/wado?requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=1.2.1.1.2&contentType=application%2Fdicom&transferSyntax=1.2.840.10008.1.2.4.80`;
    const read = readPart10(new Uint8Array(await (await fetch(uri)).arrayBuffer()));
    assert.equal(read.ok && read.value.transferSyntaxUid, '1.2.840.10008.1.2.4.80');
  });

  test('dcm4chee: multipart without quotes, includefield=all, orderless paging to the end', async () => {
    assert.equal((await partsOf(await get(image, 'multipart/related;type=application/dicom'))).length, 1);
    const pages: string[] = [];
    for (let offset = 0; ; offset += 2) {
      const response = await get(`/studies/${study}/instances?includefield=all&limit=2&offset=${offset}`, 'application/dicom+json');
      if (response.status === 204) break;
      pages.push(...((await response.json()) as Json[]).map((match) => String(match['00080018']?.Value?.[0])));
    }
    assert.deepEqual(pages, ['1.2.1.1.1', '1.2.1.1.2', '1.2.1.1.3']);
  });

  test('curl: no header but Accept: */*', async () => {
    assert.equal((await get('/studies', '*/*')).headers.get('content-type'), 'application/dicom+json');
    assert.equal((await partsOf(await get(`${image}/frames/1`, '*/*'))).length, 1);
  });
});
