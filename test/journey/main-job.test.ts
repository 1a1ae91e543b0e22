import assert from 'node:assert/strict';
import path from 'node:path';
import { gatewayFolder, type Gateway, type GatewayFolder } from '../support/gateway.ts';
import { eventually } from '../support/eventually.ts';
import { startDemoEhr, type DemoEhr } from '../../src/app/cli/demo-ehr.ts';

/** One image followed all the way, ARCHITECTURE §4: the compiled gateway, a phantom over C-STORE, thirteen hops. */
suite('journey: the main job', function () {
  this.timeout(240_000);
  let place: GatewayFolder;
  let gateway: Gateway;
  let ehr: DemoEhr;
  let studyInstanceUid: string;

  suiteSetup(async () => {
    ehr = await startDemoEhr();
    place = gatewayFolder({
      dataDir: './data',
      completeness: { quietSeconds: 1 },
      storage: { segmentMegabytes: 64 },
      destinations: [{ name: 'ehr', kind: 'fhir', url: ehr.url }, { name: 'pacs', kind: 'folder', path: './out' }],
      rules: [{ name: 'chest-ct', when: { modality: 'CT', bodyPart: ['CHEST', 'THORAX', 'LUNG'] }, run: ['ref-lung-nodule-ct'], deliver: ['pacs', 'ehr'] }],
    });
    gateway = await place.start();
    const study = path.join(place.folder, 'study');
    const made = await gateway.verb('generate', 'chest-ct', '--seed', '7', '--slices', '120', '--matrix', '320', '--fresh-uids', '--out', study);
    studyInstanceUid = /study ([\d.]+)/.exec(made.output)?.[1] ?? '';
    const sent = await gateway.verb('send', study, '--to', gateway.dicom, '--calling', 'MODALITY');
    assert.equal(sent.code, 0, sent.output);
    await eventually(async () => (await deliveries()).length > 0 && (await deliveries()).every((one) => one.state === 'delivered' || one.state === 'proven'), 200_000, 'the deliveries');
  });

  suiteTeardown(async () => {
    await gateway?.stop();
    ehr?.close();
    place?.remove();
  });

  async function json(resource: string): Promise<unknown> {
    const response = await fetch(`${gateway.http}${resource}`);
    assert.equal(response.status, 200, resource);
    return response.json();
  }

  async function deliveries(): Promise<{ destination: string; state: string; object: string }[]> {
    return ((await json(`api/studies/${studyInstanceUid}`)) as { deliveryList: { destination: string; state: string; object: string }[] }).deliveryList;
  }

  test('isocenter trace prints all thirteen hops, in order of time', async () => {
    const { code, output } = await gateway.verb('trace', studyInstanceUid);

    assert.equal(code, 0);
    const hops = new Set([...output.matchAll(/hop +(\d+) /g)].map((match) => Number(match[1])));
    assert.deepEqual([...hops].sort((a, b) => a - b), Array.from({ length: 13 }, (_, index) => index + 1));
    const times = [...output.matchAll(/^(\S+Z)/gm)].map((match) => match[1]!);
    assert.deepEqual(times, [...times].sort());
  });

  test('trace of one of its instances is the trace of the study; of an unknown UID it is 1', async () => {
    const instances = (await json(`dicom-web/studies/${studyInstanceUid}/instances?limit=1`)) as { '00080018': { Value: string[] } }[];

    assert.equal((await gateway.verb('trace', instances[0]!['00080018'].Value[0]!)).code, 0);
    assert.equal((await gateway.verb('trace', '1.2.3.4.5')).code, 1);
  });

  test('SR and SEG lie in the study of the images, and QIDO-RS finds them', async () => {
    const series = (await json(`dicom-web/studies/${studyInstanceUid}/series`)) as { '00080060': { Value: string[] } }[];

    assert.deepEqual(series.map((one) => one['00080060'].Value[0] ?? '').sort((a, b) => a.localeCompare(b)), ['CT', 'SEG', 'SR']);
  });

  test('the FHIR read API has the DiagnosticReport, and the EHR took it with its Observations', async () => {
    const bundle = (await json(`fhir/R4/DiagnosticReport?study=${studyInstanceUid}`)) as { entry: { resource: { resourceType: string } }[] };

    assert.equal(bundle.entry[0]?.resource.resourceType, 'DiagnosticReport');
    assert.equal(ehr.received().get('DiagnosticReport'), 1);
    assert.ok((ehr.received().get('Observation') ?? 0) > 0);
  });

  test('the audit log is chained and holds', async () => {
    await eventually(async () => / 0 not yet/.test((await gateway.verb('audit', 'verify')).output), 20_000);

    assert.equal((await gateway.verb('audit', 'verify')).code, 0);
  });

  test('the page answers, and /readyz says ready', async () => {
    assert.equal((await fetch(gateway.http)).status, 200);
    assert.deepEqual(await json('readyz'), { status: 'ready', reasons: [] });
  });

  test('SIGTERM ends the gateway with 0', async () => {
    assert.equal(await gateway.stop(), 0);
  });
});
