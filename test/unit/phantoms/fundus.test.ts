import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { renderFundus } from '../../../src/phantoms/fundus.ts';
import { fundusStudy } from '../../../src/phantoms/fundus-study.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { needsPeer, pathOf } from '../../support/peers.ts';

suite('fundus phantom', () => {
  test('the same seed gives the same photograph', () => {
    const first = renderFundus(3, { matrix: 96 }), second = renderFundus(3, { matrix: 96 });

    assert.deepEqual(first.rgb, second.rgb);
    assert.deepEqual(first.truth, second.truth);
  });

  test('a retina is red before green before blue, and black outside of the field of view', () => {
    const { rgb, size } = renderFundus(4, { matrix: 128, gradable: true });

    const at = (x: number, y: number): readonly number[] => [...rgb.subarray((y * size + x) * 3, (y * size + x) * 3 + 3)];
    const [red, green, blue] = at(64, 40) as [number, number, number];
    assert.ok(red > green && green > blue, `${red} ${green} ${blue}`);
    assert.ok(Math.max(...at(1, 1)) < 40);
  });

  test('lesions are those of the grade', () => {
    const kinds = (grade: 0 | 1 | 2 | 3 | 4): ReadonlySet<string> => new Set(renderFundus(5, { matrix: 96, grade, gradable: true }).truth.lesions.map((l) => l.kind));

    assert.equal(kinds(0).size, 0);
    assert.deepEqual([...kinds(1)], ['microaneurysm']);
    assert.ok(kinds(2).has('haemorrhage') && !kinds(2).has('new-vessels'));
    assert.ok(kinds(4).has('new-vessels'));
  });

  test('a haemorrhage is darker in green than the same place without one', () => {
    const ill = renderFundus(6, { matrix: 256, grade: 3, gradable: true }), well = renderFundus(6, { matrix: 256, grade: 0, gradable: true });

    const large = ill.truth.lesions.filter((l) => l.kind === 'haemorrhage' && l.radius > 3);
    const darker = large.filter(({ at: [x, y] }) => {
      const q = (Math.round(y) * 256 + Math.round(x)) * 3 + 1;
      return ill.rgb[q]! < well.rgb[q]! - 5;
    });
    assert.ok(large.length > 3);
    assert.ok(darker.length >= 0.8 * large.length, `${darker.length} of ${large.length}`);
  });

  test('the disc lies towards the nose: right in a right eye', () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const { laterality, disc, macula } = renderFundus(seed, { matrix: 64 }).truth;

      assert.equal(disc[0] > macula[0], laterality === 'R');
    }
  });

  test('the study says its laterality and carries the pixels  [PS3.3 §C.8.17.2]', () => {
    const [instance] = [...fundusStudy(7, { matrix: 96 }).instances()], { truth, rgb } = renderFundus(7, { matrix: 96 });

    assert.equal(instance!.dataSet.string(tags.ImageLaterality), truth.laterality);
    assert.deepEqual(instance!.dataSet.bytes(tags.PixelData), rgb);
  });

  test('dciodvfy finds no error  [PS3.3 §A.41]', function () {
    needsPeer(this, 'dciodvfy');
    const folder = mkdtempSync(path.join(tmpdir(), 'isocenter-phantom-'));
    try {
      const file = path.join(folder, 'op.dcm');
      writeFileSync(file, [...fundusStudy(8, { matrix: 96 }).instances()][0]!.bytes);

      const said = execFileSync('/bin/sh', ['-c', '"$1" "$2" 2>&1 || true', 'sh', pathOf('dciodvfy')!, file], { encoding: 'utf8' });

      assert.match(said, /OphthalmicPhotography8BitImage/);
      assert.doesNotMatch(said, /^Error/m);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
