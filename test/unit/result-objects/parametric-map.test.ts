import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkResultObjects } from '../../../src/result-objects/checker/check-result-objects.ts';
import { buildParametricMap, type SaliencyMap } from '../../../src/result-objects/parametric-map.ts';
import { resultIdentity } from '../../../src/result-objects/result-uids.ts';
import { element } from '../../../src/standards/dicom/element.ts';
import { writePart10 } from '../../../src/standards/dicom/part10.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { explicitLittleEndian } from '../../../src/standards/dicom/transfer-syntaxes.ts';
import { needsPeer } from '../../support/peers.ts';
import { columns, context, positive, projection, rows, sourceDataSets, sourceImages } from './synthetic-analysis.ts';

const map: SaliencyMap = { quantity: 'xai-gradcam', rows, columns, frames: [4, 3].map((imageIndex) => ({ imageIndex, values: Float32Array.from({ length: rows * columns }, (_, index) => index / 1_000 - 0.1) })) };
const request = (analysis: typeof positive) => ({ analysis, context, identity: resultIdentity(analysis, 'parametric-map', 1) });

suite('saliency as Parametric Map', () => {
  test('values are 32-bit floats on the source grid, frames in the order of the images, each with the image it derives from  [PS3.3 §A.75]', () => {
    const built = buildParametricMap(request(positive), map)!;

    const data = built.bytes(tags.FloatPixelData)!;
    assert.equal(data.length, 2 * rows * columns * 4);
    assert.ok(Math.abs(new DataView(data.buffer, data.byteOffset).getFloat32(4, true) - -0.099) < 1e-6);
    const frames = built.items(tags.PerFrameFunctionalGroupsSequence);
    assert.deepEqual(frames.map((frame) => frame.items(tags.DerivationImageSequence)[0]?.items(tags.SourceImageSequence)[0]?.string(tags.ReferencedSOPInstanceUID)), [3, 4].map((index) => sourceImages[index]!.sopInstanceUid));
    assert.deepEqual(frames.map((frame) => frame.items(tags.PlanePositionSequence)[0]?.strings(tags.ImagePositionPatient)), [3, 4].map((index) => sourceDataSets()[index]!.strings(tags.ImagePositionPatient)));
  });

  test('it says what the values are: gradient-weighted class activation, no units  [CID 217]', () => {
    const value = buildParametricMap(request(positive), map)!.items(tags.SharedFunctionalGroupsSequence)[0]?.items(tags.RealWorldValueMappingSequence)[0];

    assert.equal(value?.items(tags.QuantityDefinitionSequence)[0]?.items(tags.ConceptCodeSequence)[0]?.string(tags.CodeValue), '130403');
    assert.equal(value?.items(tags.MeasurementUnitsCodeSequence)[0]?.string(tags.CodeValue), '1');
  });

  test('our checker and dciodvfy find no error; a map that lost a value is found', function () {
    const built = buildParametricMap(request(positive), map)!;
    const sources = sourceDataSets().map((dataSet, index) => ({ name: `source-${index}`, dataSet }));
    const cut = built.with(element(tags.FloatPixelData, 'OF', built.bytes(tags.FloatPixelData)!.slice(4)));

    assert.deepEqual(checkResultObjects([{ name: 'pm', dataSet: built }, ...sources]), []);
    assert.deepEqual(checkResultObjects([{ name: 'pm', dataSet: cut }, ...sources]).map(({ rule }) => rule), ['pixel-length']);
    needsPeer(this, 'dciodvfy');
    const folder = mkdtempSync(path.join(tmpdir(), 'isocenter-pm-'));
    try {
      const file = path.join(folder, 'pm.dcm');
      writeFileSync(file, writePart10({ dataSet: built, transferSyntaxUid: explicitLittleEndian }));
      const { stdout, stderr } = spawnSync('dciodvfy', ['-new', file], { encoding: 'utf8' });
      assert.deepEqual(`${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('Error')), []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('a projection has no frame of reference and gets no map', () => {
    assert.equal(buildParametricMap(request(projection), map), undefined);
  });
});
