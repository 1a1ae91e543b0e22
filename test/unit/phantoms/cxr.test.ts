import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { renderCxr, type Cxr } from '../../../src/phantoms/cxr.ts';
import { cxrStudy } from '../../../src/phantoms/cxr-study.ts';
import { drawChest, heartAt } from '../../../src/phantoms/cxr-chest.ts';
import { randomOf } from '../../../src/phantoms/random.ts';
import { needsPeer, pathOf } from '../../support/peers.ts';

suite('chest radiograph phantom', () => {
  test('the same seed gives the same film', () => {
    const first = renderCxr(3, { matrix: 96 }), second = renderCxr(3, { matrix: 96 });

    assert.deepEqual(first.pixels, second.pixels);
    assert.deepEqual(first.truth, second.truth);
  });

  test('what is asked for is in the truth, with a box around it', () => {
    const { truth } = renderCxr(2, { matrix: 128, findings: ['effusion', 'opacity'] });

    assert.ok(truth.findings.effusion && truth.findings.opacity);
    assert.ok(!truth.findings.pneumothorax && !truth.findings.nodule);
    assert.deepEqual(truth.boxes.map((b) => b.finding), ['effusion', 'opacity']);
  });

  test('fluid and consolidation make their place denser than it is without them', () => {
    const well = renderCxr(11, { matrix: 128, findings: [] });
    for (const finding of ['effusion', 'opacity'] as const) {
      const ill = renderCxr(11, { matrix: 128, findings: [finding] });

      const box = ill.truth.boxes[0]!.box;
      assert.ok(mean(ill, box) > mean(well, box) + 50, `${finding}: ${mean(ill, box)} and ${mean(well, box)}`);
    }
  });

  test('the heart is as wide as the cardiothoracic ratio says', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const chest = drawChest(randomOf(seed, 'x'));
      let left = Infinity, right = -Infinity;
      for (let x = -0.5; x < 0.5; x += 0.002)
        for (let y = 0.2; y < 1; y += 0.005)
          if (heartAt(chest, x, y) > 0.5) [left, right] = [Math.min(left, x), Math.max(right, x)];

      assert.ok(Math.abs((right - left) / (2 * chest.halfWidth) - chest.cardiothoracicRatio) < 0.02);
    }
  });

  test('dciodvfy finds no error  [PS3.3 §A.26]', function () {
    needsPeer(this, 'dciodvfy');
    const folder = mkdtempSync(path.join(tmpdir(), 'isocenter-phantom-'));
    try {
      const file = path.join(folder, 'dx.dcm');
      writeFileSync(file, [...cxrStudy(8, { matrix: 96 }).instances()][0]!.bytes);

      const said = execFileSync('/bin/sh', ['-c', '"$1" "$2" 2>&1 || true', 'sh', pathOf('dciodvfy')!, file], { encoding: 'utf8' });

      assert.match(said, /DXImageForPresentation/);
      assert.doesNotMatch(said, /^Error/m);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function mean({ pixels, size }: Cxr, [left, top, right, bottom]: readonly [number, number, number, number]): number {
  let sum = 0, count = 0;
  for (let y = top; y <= bottom; y++) for (let x = left; x <= right; x++, count++) sum += pixels[y * size + x]!;
  return sum / count;
}
