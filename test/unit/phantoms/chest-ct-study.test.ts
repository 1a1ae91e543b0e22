import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isUid } from '../../../src/foundation/uid.ts';
import { isPhantomName, phantoms } from '../../../src/phantoms/catalogue.ts';
import { renderChestCt } from '../../../src/phantoms/chest-ct.ts';
import { headerStyles } from '../../../src/phantoms/ct-header-styles.ts';
import type { PhantomInstance } from '../../../src/phantoms/phantom-study.ts';
import { readPart10 } from '../../../src/standards/dicom/part10.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { needsPeer, pathOf } from '../../support/peers.ts';

const small = { slices: 5, matrix: 64 };

suite('chest CT phantom as a DICOM study', () => {
  test('the same seed gives the same bytes, name by name', () => {
    const first = instances(3, small), second = instances(3, small);

    assert.deepEqual(first.map((i) => i.fileName), second.map((i) => i.fileName));
    for (const [i, instance] of first.entries()) assert.ok(Buffer.from(instance.bytes).equals(second[i]!.bytes));
  });

  test('other options give other UIDs, so that other bytes never come under the same SOP Instance UID', () => {
    const uids = [small, { ...small, matrix: 96 }, { ...small, slices: 6 }, { ...small, findings: 2 }].map((options) => instances(3, options)[0]!.sopInstanceUid);

    assert.equal(new Set(uids).size, 4);
  });

  test('freshUids gives another study with the same pixels on each call', () => {
    const first = instances(3, { ...small, freshUids: true }), second = instances(3, { ...small, freshUids: true });

    const uidsOf = (instance: PhantomInstance): readonly (string | undefined)[] =>
      [tags.StudyInstanceUID, tags.SeriesInstanceUID, tags.SOPInstanceUID, tags.FrameOfReferenceUID, tags.AccessionNumber].map((tag) => instance.dataSet.string(tag));
    for (const [i, uid] of uidsOf(first[0]!).entries()) assert.notEqual(uid, uidsOf(second[0]!)[i]);
    assert.deepEqual(first[0]!.dataSet.bytes(tags.PixelData), second[0]!.dataSet.bytes(tags.PixelData));
  });

  test('a file reads back as the data set it was made of, with valid UIDs  [PS3.10 §7]', () => {
    for (const instance of instances(4, small)) {
      const read = readPart10(instance.bytes);

      assert.ok(read.ok);
      assert.equal(read.value.transferSyntaxUid, instance.transferSyntaxUid);
      assert.equal(read.value.dataSet.string(tags.SOPInstanceUID), instance.sopInstanceUid);
      assert.ok(isUid(instance.sopInstanceUid));
      assert.deepEqual(read.value.dataSet.bytes(tags.PixelData), instance.dataSet.bytes(tags.PixelData));
    }
  });

  test('slices lie at equal distances along the normal, whatever their numbers  [PS3.3 §C.7.6.2.1.1]', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const study = instances(seed, small);
      const z = study.map((i) => i.dataSet.numbers(tags.ImagePositionPatient)[2]!).sort((a, b) => a - b);

      const steps = z.slice(1).map((v, i) => v - z[i]!);
      for (const step of steps) assert.ok(Math.abs(step - steps[0]!) < 1e-6);
      assert.deepEqual(study.map((i) => i.dataSet.number(tags.InstanceNumber)), [1, 2, 3, 4, 5]);
    }
  });

  test('stored values with their rescale give the rendered Hounsfield units, in every header style  [PS3.3 §C.11.1]', () => {
    const styles = new Set<string>();
    for (let seed = 1; styles.size < headerStyles.length && seed < 60; seed++) {
      const [instance] = instances(seed, small), ct = renderChestCt(seed, small);
      const { dataSet } = instance!;
      if (styles.has(dataSet.string(tags.Manufacturer)!)) continue;
      styles.add(dataSet.string(tags.Manufacturer)!);
      const slice = Math.round((dataSet.numbers(tags.ImagePositionPatient)[2]! - ct.origin[2]) / ct.spacing[0]);

      const centre = 32 * 64 + 20, hu = huAt(instance!, centre);

      assert.equal(hu, Math.max(ct.hu[slice * 4096 + centre]!, dataSet.number(tags.PixelRepresentation) === 0 ? dataSet.number(tags.RescaleIntercept)! : -32768));
    }
    assert.equal(styles.size, headerStyles.length);
  });

  test('the truth names the instances from foot to head and the study', () => {
    const study = phantoms['chest-ct'](9, small);
    const truth = study.truth as { instances: readonly string[]; studyInstanceUid: string };
    const byHeight = [...study.instances()].sort((a, b) => a.dataSet.numbers(tags.ImagePositionPatient)[2]! - b.dataSet.numbers(tags.ImagePositionPatient)[2]!);

    assert.deepEqual(truth.instances, byHeight.map((i) => i.sopInstanceUid));
    assert.equal(truth.studyInstanceUid, byHeight[0]!.dataSet.string(tags.StudyInstanceUID));
    assert.equal(study.count, byHeight.length);
    assert.doesNotThrow(() => JSON.stringify(truth));
  });

  test('the number of findings is as asked for', () => {
    const study = phantoms['chest-ct'](10, { slices: 40, matrix: 96, findings: 2 });

    assert.equal((study.truth as { nodules: readonly unknown[] }).nodules.length, 2);
  });

  test('the catalogue knows its names', () => {
    assert.ok(isPhantomName('chest-ct'));
    assert.ok(!isPhantomName('toString'));
  });

  test('dciodvfy finds no error in any header style  [PS3.3 §A.3]', function () {
    needsPeer(this, 'dciodvfy');
    const folder = mkdtempSync(path.join(tmpdir(), 'isocenter-phantom-'));
    try {
      for (const seed of [1, 2, 3, 5, 6, 7]) {
        const file = path.join(folder, `${seed}.dcm`);
        writeFileSync(file, instances(seed, small)[2]!.bytes);

        // It reports on standard error; the first line names the IOD it took the object for.
        const said = execFileSync('/bin/sh', ['-c', '"$1" "$2" 2>&1 || true', 'sh', pathOf('dciodvfy')!, file], { encoding: 'utf8' });

        assert.match(said, /CTImage/);
        assert.doesNotMatch(said, /^Error/m);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function instances(seed: number, options: Parameters<(typeof phantoms)['chest-ct']>[1]): readonly PhantomInstance[] {
  return [...phantoms['chest-ct'](seed, options).instances()];
}

function huAt({ dataSet }: PhantomInstance, index: number): number {
  const bytes = dataSet.bytes(tags.PixelData)!, view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stored = dataSet.number(tags.PixelRepresentation) === 1 ? view.getInt16(2 * index, true) : view.getUint16(2 * index, true);
  return stored * dataSet.number(tags.RescaleSlope)! + dataSet.number(tags.RescaleIntercept)!;
}
