import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { startDemoEhr, type DemoEhr } from '../../src/app/cli/demo-ehr.ts';
import { readPart10 } from '../../src/standards/dicom/part10.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayFolder, type Gateway, type GatewayFolder } from '../support/gateway.ts';
import { startOrthanc, type Orthanc } from '../support/orthanc.ts';
import { corpus, needsPeer, pathOf } from '../support/peers.ts';

/** A real series from a real sender to a real PACS: DCMTK's storescu, a chest CT of the corpus, Orthanc over STOW-RS and over C-STORE. */
suite('journey: real images, real peers', function () {
  this.timeout(400_000);
  let place: GatewayFolder | undefined;
  let gateway: Gateway | undefined;
  let orthanc: Orthanc | undefined;
  let ehr: DemoEhr | undefined;
  let studyInstanceUid = '';

  suiteSetup(async function () {
    needsPeer(this, 'storescu', 'Orthanc');
    const source = corpus(this, 'ct-chest');
    orthanc = await startOrthanc();
    ehr = await startDemoEhr();
    place = gatewayFolder({
      dataDir: './data',
      storage: { segmentMegabytes: 64 },
      completeness: { quietSeconds: 1 },
      dimse: { peers: [{ aeTitle: 'ORTHANC', host: '127.0.0.1', port: orthanc.dicomPort }] },
      destinations: [
        { name: 'pacs', kind: 'stow-rs', url: orthanc.studies },
        { name: 'pacs-dimse', kind: 'dimse-store', peer: 'ORTHANC' },
        { name: 'ehr', kind: 'fhir', url: ehr.url },
      ],
      rules: [{ name: 'chest-ct', when: { modality: 'CT', bodyPart: ['CHEST', 'THORAX', 'LUNG'] }, run: ['ref-lung-nodule-ct'], deliver: ['pacs', 'pacs-dimse', 'ehr'] }],
    });
    gateway = await place.start();
    const files = thorax(source, path.join(place.folder, 'thorax'));
    assert.equal(files.length, 98);
    execFileSync(pathOf('storescu')!, ['-aec', 'ISOCENTER', '127.0.0.1', String(gateway.dicomPort), ...files]);
    const states = async (): Promise<string[]> => ((await (await fetch(`${gateway!.http}api/studies/${studyInstanceUid}`)).json()) as { deliveryList: { state: string }[] }).deliveryList.map((one) => one.state);
    await eventually(async () => (await states()).length >= 3 && (await states()).every((state) => state === 'delivered' || state === 'proven'), 360_000, 'the deliveries');
  });

  suiteTeardown(async () => {
    await gateway?.stop();
    await orthanc?.stop();
    ehr?.close();
    place?.remove();
  });

  /** The 98 slices of one study among the files of the folder; copies them, for their names are many and long. */
  function thorax(from: string, to: string): string[] {
    mkdirSync(to);
    for (const name of readdirSync(from)) {
      const read = readPart10(readFileSync(path.join(from, name)));
      if (!read.ok || read.value.dataSet.string(tags.BodyPartExamined) !== 'TH CT CHEST WO C') continue;
      studyInstanceUid = read.value.dataSet.string(tags.StudyInstanceUID)!;
      copyFileSync(path.join(from, name), path.join(to, name));
    }
    return readdirSync(to).map((name) => path.join(to, name));
  }

  test('Orthanc holds the SR, and a SEG when something was found, in the study of the images', async () => {
    const studies = (await orthanc!.get('studies?expand')) as { MainDicomTags: { StudyInstanceUID: string } }[];
    const series = (await orthanc!.get('series?expand')) as { MainDicomTags: { Modality: string } }[];

    assert.deepEqual(studies.map((study) => study.MainDicomTags.StudyInstanceUID), [studyInstanceUid]);
    const modalities = series.map((one) => one.MainDicomTags.Modality);
    assert.ok(modalities.includes('SR'));
    const findings = ((await (await fetch(`${gateway!.http}api/studies/${studyInstanceUid}`)).json()) as { runs: { outcome: { findings: number } }[] }).runs[0]!.outcome.findings;
    assert.equal(modalities.includes('SEG'), findings > 0);
  });

  test('the EHR has the report', () => {
    assert.equal(ehr!.received().get('DiagnosticReport'), 1);
  });

  test('isocenter trace prints the thirteen hops with times', async () => {
    const { output } = await gateway!.verb('trace', studyInstanceUid);

    assert.equal(new Set([...output.matchAll(/hop +(\d+) /g)].map((match) => match[1])).size, 13, output);
  });

  test('isocenter explain says why the model ran', async () => {
    const { code, output } = await gateway!.verb('explain', studyInstanceUid);

    assert.equal(code, 0);
    assert.match(output, /model ref-lung-nodule-ct: runs on series/);
  });
});
