import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statfsSync, writeFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { InstanceIntake } from '../../src/stages/intake/instance-intake.ts';
import { Database } from '../../src/store/database.ts';
import { openDurableFile, type OpenDurableFile } from '../../src/store/segments/durable-file.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { openGroup, sendSample, startIntake, until } from '../support/intake-rig.ts';
import { temporaryFolder } from '../support/segments.ts';

let opened: TestDatabase;
let database: Database;
let intake: InstanceIntake | undefined;

const alerts = (): Promise<{ kind: string; resolved: boolean }[]> => database.query({ name: 'alerts', text: 'select kind, resolved_at is not null as resolved from alert' });
const forever = new AbortController().signal;

suite('a full disk', () => {
  setup(async () => {
    opened = await testDatabase();
    database = new Database({ url: opened.url, applicationName: 'test' });
  });
  teardown(async () => {
    await intake?.stop(1_000);
    intake = undefined;
    await database.close();
    await opened.close();
  });

  test('ENOSPC while writing: A700, no row, alert; when space is back intake goes on and the alert is resolved without help', async () => {
    let isFull = false;
    const openFile: OpenDurableFile = async (file, durability) => {
      const real = await openDurableFile(file, durability);
      const guard = (): void => {
        if (isFull) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      };
      return {
        write: async (buffers, at) => { guard(); await real.write(buffers, at); },
        writeUnsynced: async (buffers, at) => { guard(); await real.writeUnsynced(buffers, at); },
        sync: () => real.sync(),
        close: () => real.close(),
      };
    };
    intake = await startIntake(temporaryFolder(), database, { segments: { openFile } });
    openGroup(intake, 'g1');
    assert.equal((await sendSample(intake, 'g1', { sop: '2.25.100.1.1' })).kind, 'stored');

    isFull = true;
    const refused = await sendSample(intake, 'g1', { sop: '2.25.100.1.2' });
    assert.equal(intake.hasRoom(), false);
    await until(async () => (await alerts()).length === 1);
    isFull = false;
    await until(() => intake!.hasRoom());
    const again = await sendSample(intake, 'g1', { sop: '2.25.100.1.2' });
    await intake.settle('g1', 'released', forever);

    assert.equal(refused.kind === 'refused' && refused.reason, 'out-of-resources');
    assert.equal(again.kind, 'stored');
    assert.deepEqual(await database.query({ name: 'n', text: 'select sop_instance_uid as uid from instance order by 1' }), [{ uid: '2.25.100.1.1' }, { uid: '2.25.100.1.2' }]);
    await until(async () => (await alerts()).every((alert) => alert.resolved));
    assert.deepEqual((await alerts()).map((alert) => alert.kind), ['STORE_SPACE']);
  });

  test('a small file system runs low: new associations are refused before objects are, and both end when space returns', async function () {
    const folder = temporaryFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      this.skip(); // needs the right to mount
    }
    try {
      intake = await startIntake(folder, database, { segments: { lowBytes: 24 << 20, fullBytes: 8 << 20 } });
      openGroup(intake, 'g1');
      assert.equal(intake.hasRoom(), true);

      writeFileSync(path.join(folder, 'ballast'), Buffer.alloc((64 - 16) << 20));
      await until(() => !intake!.hasRoom());
      const whenLow = await sendSample(intake, 'g1', { sop: '2.25.100.1.1' });
      writeFileSync(path.join(folder, 'more'), Buffer.alloc(Math.max(1, statfsSync(folder).bavail * statfsSync(folder).bsize - (2 << 20))));
      await until(() => intake!.writer.space === 'full');
      const whenFull = await sendSample(intake, 'g1', { sop: '2.25.100.1.2' });
      rmSync(path.join(folder, 'ballast'));
      await until(() => intake!.hasRoom());
      const whenAmple = await sendSample(intake, 'g1', { sop: '2.25.100.1.2' });

      assert.deepEqual([whenLow.kind, whenFull.kind, whenAmple.kind], ['stored', 'refused', 'stored']);
      assert.equal(whenFull.kind === 'refused' && whenFull.reason, 'out-of-resources');
    } finally {
      await intake?.stop(1_000);
      intake = undefined;
      execFileSync('umount', [folder]);
    }
  });

  test('a file system that is not known to be durable is refused when configured so [tmpfs]', async function () {
    const folder = temporaryFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      this.skip();
    }
    try {
      await assert.rejects(startIntake(folder, database, { segments: { requireDurable: true } }), { code: 'STORE_NOT_DURABLE', failure: 'permanent' });
    } finally {
      execFileSync('umount', [folder]);
    }
  });
});
