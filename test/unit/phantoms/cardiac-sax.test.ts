import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { renderCardiacSax } from '../../../src/phantoms/cardiac-sax.ts';
import { cardiacSaxStudy } from '../../../src/phantoms/cardiac-sax-study.ts';
import { drawHeart, heartAt } from '../../../src/phantoms/cardiac-heart.ts';
import { randomOf } from '../../../src/phantoms/random.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { needsPeer, pathOf } from '../../support/peers.ts';

const small = { phases: 8, matrix: 64 };

suite('cardiac short-axis phantom', () => {
  test('the same seed gives the same images, in whatever order they are asked for', () => {
    const first = renderCardiacSax(3, small), second = renderCardiacSax(3, small);
    second.image(5, 2);

    assert.deepEqual(first.image(0, 3), second.image(0, 3));
    assert.deepEqual(first.labels(4, 2), second.labels(4, 2));
    assert.deepEqual(first.truth, second.truth);
  });

  test('muscle keeps its volume through the cycle', () => {
    const heart = drawHeart(randomOf(5, 'x'), 20);
    const half = (radius: number, length: number): number => (2 / 3) * Math.PI * radius * radius * length;

    for (let phase = 0; phase < 20; phase++) {
      const { radius, wall, length } = heartAt(heart, phase);
      assert.ok(Math.abs((half(radius + wall, length + wall) - half(radius, length)) / heart.wallVolume - 1) < 1e-6);
    }
  });

  test('the truth is consistent: EF from EDV and ESV, the smallest volume in systole', () => {
    for (const seed of [1, 2, 3, 4]) {
      const { truth, phases } = renderCardiacSax(seed, small);

      assert.ok(Math.abs(truth.ejectionFraction - (truth.edvMl - truth.esvMl) / truth.edvMl) < 1e-12);
      assert.equal(truth.lvVolumesMl.length, phases);
      assert.equal(truth.lvVolumesMl[truth.esPhase], Math.min(...truth.lvVolumesMl));
      assert.ok(truth.rvEdvMl > truth.rvEsvMl);
      assert.ok(truth.myocardialMassG > 50 && truth.myocardialMassG < 350);
    }
  });

  test('adding up the labels of many thin places comes near the volume by formula', () => {
    const cine = renderCardiacSax(7, { phases: 8, matrix: 128 });
    let pixels = 0;
    for (let slice = 0; slice < cine.slices; slice++) for (const label of cine.labels(cine.truth.edPhase, slice)) if (label === 3) pixels++;

    const summed = (pixels * cine.pixel * cine.pixel * cine.sliceSpacing) / 1000;

    // One thick slice more or less at the base is about a tenth of the volume.
    assert.ok(Math.abs(summed / cine.truth.edvMl - 1) < 0.13, `${summed} and ${cine.truth.edvMl}`);
  });

  test('instances lie slice by slice along one normal, with trigger times within the cycle  [PS3.3 §C.7.6.18.1]', () => {
    const study = cardiacSaxStudy(2, small), instances = [...study.instances()];

    assert.equal(instances.length, study.count);
    assert.equal(new Set(instances.map((i) => i.sopInstanceUid)).size, study.count);
    const orientation = instances[0]!.dataSet.numbers(tags.ImageOrientationPatient);
    const [row, column] = [orientation.slice(0, 3), orientation.slice(3)];
    assert.ok(Math.abs(row.reduce((sum, v, i) => sum + v * column[i]!, 0)) < 1e-6, 'row and column are at right angles');
    for (const { dataSet } of instances) {
      assert.ok(dataSet.number(tags.TriggerTime)! < dataSet.number(tags.NominalInterval)!);
      assert.equal(dataSet.number(tags.CardiacNumberOfImages), 8);
    }
  });

  test('dciodvfy finds no error  [PS3.3 §A.4]', function () {
    needsPeer(this, 'dciodvfy');
    const folder = mkdtempSync(path.join(tmpdir(), 'isocenter-phantom-'));
    try {
      const file = path.join(folder, 'mr.dcm');
      writeFileSync(file, cardiacSaxStudy(4, small).instances()[Symbol.iterator]().next().value!.bytes);

      const said = execFileSync('/bin/sh', ['-c', '"$1" "$2" 2>&1 || true', 'sh', pathOf('dciodvfy')!, file], { encoding: 'utf8' });

      assert.match(said, /MRImage/);
      assert.doesNotMatch(said, /^Error/m);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
