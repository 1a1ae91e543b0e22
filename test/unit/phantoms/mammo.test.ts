import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { drawBreast, drawGland, densityShares, type BreastDensity } from '../../../src/phantoms/mammo-breast.ts';
import { renderMammo } from '../../../src/phantoms/mammo.ts';
import { mammoStudy } from '../../../src/phantoms/mammo-study.ts';
import { randomOf } from '../../../src/phantoms/random.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { needsPeer, pathOf } from '../../support/peers.ts';

suite('mammography phantom', () => {
  test('the same seed gives the same film', () => {
    const first = renderMammo(3, { matrix: 128 }), second = renderMammo(3, { matrix: 128 });

    assert.deepEqual(first.pixels, second.pixels);
    assert.deepEqual(first.truth, second.truth);
  });

  test('glandular tissue fills the share of the breast that its density says', () => {
    for (const density of ['A', 'B', 'C', 'D'] as const satisfies readonly BreastDensity[]) {
      const breast = drawBreast(randomOf(1, 'a'), 192, 256), gland = drawGland(breast, density, randomOf(1, 'b'));
      const inside = [...breast.outline.values.keys()].filter((q) => breast.outline.values[q]! < 0.8);

      const share = inside.filter((q) => gland.values[q]! > 0.375).length / inside.length;

      const [low, high] = densityShares[density];
      assert.ok(share > low - 0.06 && share < high + 0.1, `${density}: ${share}`);
    }
  });

  test('a mass is brighter than the same place without it', () => {
    const ill = renderMammo(5, { matrix: 256, density: 'A', findings: ['malignant-mass'] }), well = renderMammo(5, { matrix: 256, density: 'A', findings: [] });

    const [x, y] = ill.truth.lesions[0]!.at, q = Math.round(y) * ill.width + Math.round(x);
    assert.ok(ill.pixels[q]! > well.pixels[q]! + 100);
  });

  test('the chest wall is at the left edge of a left breast and at the right edge of a right one', () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const { pixels, width, height, truth } = renderMammo(seed, { matrix: 128 });
      const column = (x: number): number => Array.from({ length: height }, (_, y) => pixels[y * width + x]!).reduce((a, b) => a + b, 0);

      assert.equal(column(4) > column(width - 5), truth.laterality === 'L');
    }
  });

  test('the study says laterality and view  [PS3.3 §C.8.11.7]', () => {
    const [instance] = [...mammoStudy(7, { matrix: 128 }).instances()], { truth } = renderMammo(7, { matrix: 128 });

    assert.equal(instance!.dataSet.string(tags.ImageLaterality), truth.laterality);
    assert.equal(instance!.dataSet.string(tags.ViewPosition), truth.view);
  });

  test('dciodvfy finds no error  [PS3.3 §A.27]', function () {
    needsPeer(this, 'dciodvfy');
    const folder = mkdtempSync(path.join(tmpdir(), 'isocenter-phantom-'));
    try {
      const file = path.join(folder, 'mg.dcm');
      writeFileSync(file, [...mammoStudy(8, { matrix: 128 }).instances()][0]!.bytes);

      const said = execFileSync('/bin/sh', ['-c', '"$1" "$2" 2>&1 || true', 'sh', pathOf('dciodvfy')!, file], { encoding: 'utf8' });

      assert.match(said, /MammographyImageForPresentation/);
      assert.doesNotMatch(said, /^Error/m);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
