import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeFrameNow } from '../../src/codecs/decode-frame.ts';
import { checkResultObjects } from '../../src/result-objects/checker/check-result-objects.ts';
import { framePicture } from '../../src/result-objects/drawing/frame-picture.ts';
import { buildEncapsulatedPdf } from '../../src/result-objects/encapsulated-pdf.ts';
import { buildKeyObjectSelection, keyImages } from '../../src/result-objects/key-object-selection.ts';
import { buildPresentationState } from '../../src/result-objects/presentation-state.ts';
import { resultIdentity, type ResultRole } from '../../src/result-objects/result-uids.ts';
import { buildSecondaryCapture } from '../../src/result-objects/secondary-capture.ts';
import { buildSegmentation } from '../../src/result-objects/segmentation.ts';
import { buildStructuredReport } from '../../src/result-objects/structured-report.ts';
import type { DataSet } from '../../src/standards/dicom/data-set.ts';
import { writeDataSet } from '../../src/standards/dicom/data-set-writer.ts';
import { readPart10, writePart10 } from '../../src/standards/dicom/part10.ts';
import { pixelFrames } from '../../src/standards/dicom/pixel-frames.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { explicitLittleEndian } from '../../src/standards/dicom/transfer-syntaxes.ts';
import { startOrthanc } from '../support/orthanc.ts';
import { needsPeer } from '../support/peers.ts';
import { endings, systems, type SystemRun } from '../support/system-analyses.ts';
import { bundledTypeface } from '../support/typeface.ts';

/** Every object that some destination may get of a run. */
function objectsOf({ analysis, context, sources }: SystemRun): Readonly<Record<string, DataSet>> {
  const identity = (role: ResultRole) => ({ analysis, context, identity: resultIdentity(analysis, role, 1) });
  const segmentation = buildSegmentation(identity('segmentation'));
  const drawn = segmentation === undefined ? null : resultIdentity(analysis, 'segmentation', 1);
  const images = keyImages(analysis).slice(0, 4).flatMap((imageIndex) => {
    const frames = pixelFrames(sources[imageIndex]!);
    const bytes = frames.ok ? frames.value.frame(1) : frames;
    const decoded = frames.ok && bytes.ok ? decodeFrameNow({ ...frames.value.description, transferSyntaxUid: explicitLittleEndian, bytes: bytes.value }) : undefined;
    const picture = decoded?.ok === true ? framePicture(decoded.value, sources[imageIndex]!, null) : undefined;
    return picture === undefined ? [] : [{ imageIndex, picture }];
  });
  const typeface = bundledTypeface();
  const made: Readonly<Record<string, DataSet | undefined>> = {
    sr3d: buildStructuredReport({ ...identity('structured-report'), segmentation: drawn, profile: 'air34' }),
    sr: buildStructuredReport({ ...identity('structured-report-2d'), segmentation: drawn, profile: 'compat33' }),
    seg: segmentation,
    ko: buildKeyObjectSelection(identity('key-objects')),
    gsps: buildPresentationState(identity('presentation-state')),
    sc: buildSecondaryCapture({ ...identity('secondary-capture'), typeface, images }),
    pdf: buildEncapsulatedPdf({ ...identity('encapsulated-pdf'), typeface, images }),
  };
  return Object.fromEntries(Object.entries(made).filter((entry): entry is [string, DataSet] => entry[1] !== undefined));
}

/** Of phantoms and of dicom3tools 2022, not of our objects. */
const artefacts = [/Laterality/, /DICOMDIR/, /Missing attribute for Type 2C Conditional .*Laterality/];

suite('the results of each system before other people’s programs', () => {
  let folder = '';
  setup(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'isocenter-systems-'));
  });
  teardown(() => rmSync(folder, { recursive: true, force: true }));

  const run = (program: string, ...parameters: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(program, parameters, { encoding: 'utf8', maxBuffer: 64 << 20 });
    return { status, output: `${stdout}${stderr}` };
  };
  const errorsOf = (output: string): readonly string[] => output.split('\n').filter((line) => /^(Error|E:|F:)/.test(line) && !artefacts.some((known) => known.test(line)));
  const write = (name: string, dataSet: DataSet): string => {
    const file = path.join(folder, `${name}.dcm`);
    writeFileSync(file, writePart10({ dataSet, transferSyntaxUid: explicitLittleEndian }));
    return file;
  };

  for (const [system, make] of Object.entries(systems)) {
    for (const ending of ['positive', 'negative', 'failed', 'partial']) {
      test(`${system}, ${ending}: dciodvfy, dcentvfy, dsrdump, dsr2xml and our checker find no error in any object`, function () {
        needsPeer(this, 'dciodvfy', 'dcentvfy', 'dsrdump', 'dsr2xml', 'xmllint');
        const one = endings(make())[ending]!;
        const objects = objectsOf(one);

        const faults = checkResultObjects([...Object.entries(objects).map(([name, dataSet]) => ({ name, dataSet })), ...one.sources.map((dataSet, index) => ({ name: `source-${index}`, dataSet }))]);

        assert.deepEqual(faults.filter(({ severity }) => severity === 'error'), []);
        for (const [name, dataSet] of Object.entries(objects)) {
          const file = write(name, dataSet);
          assert.deepEqual([name, ...errorsOf(run('dciodvfy', '-new', file).output)], [name]);
          if (!['sr3d', 'sr', 'ko'].includes(name)) continue;
          const grammar = run('dsrdump', '+Pt', '+Pc', '+Pu', '+Pl', file);
          assert.deepEqual([name, grammar.status, ...errorsOf(grammar.output)], [name, 0]);
          const xml = path.join(folder, `${name}.xml`);
          assert.equal(run('dsr2xml', '+Xs', '+Xn', file, xml).status, 0);
          // DCMTK's schema knows 2-D coordinates only.
          if (!grammar.output.includes('SCOORD3D')) assert.equal(run('xmllint', '--noout', '--nonet', '--schema', '/usr/share/dcmtk/dsr2xml.xsd', xml).status, 0);
        }
        const entities = run('dcentvfy', ...Object.keys(objects).map((name) => path.join(folder, `${name}.dcm`)), ...one.sources.slice(0, 20).map((dataSet, index) => write(`source-${index}`, dataSet)));
        assert.deepEqual(errorsOf(entities.output), []);
      });
    }
  }

  test('Orthanc stores every object of every system and gives it back byte for byte', async function () {
    needsPeer(this, 'Orthanc');
    const orthanc = await startOrthanc();
    try {
      for (const make of Object.values(systems)) {
        for (const dataSet of Object.values(objectsOf(endings(make())['positive']!))) {
          const sent = writePart10({ dataSet, transferSyntaxUid: explicitLittleEndian });
          const answer = await fetch(`http://127.0.0.1:${orthanc.httpPort}/instances`, { method: 'POST', body: sent });
          const { ID: id } = (await answer.json()) as { ID: string };
          const returned = new Uint8Array(await (await fetch(`http://127.0.0.1:${orthanc.httpPort}/instances/${id}/file`)).arrayBuffer());
          const read = readPart10(returned);
          assert.ok(read.ok, dataSet.string(tags.SOPClassUID));
          assert.equal(digest(writeDataSet(read.value.dataSet, explicitLittleEndian)), digest(writeDataSet(dataSet, explicitLittleEndian)));
          assert.equal(digest(returned), digest(sent));
        }
      }
    } finally {
      await orthanc.stop();
    }
  });
});

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
