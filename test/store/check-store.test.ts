import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../src/foundation/clock.ts';
import { checkStore, type StoreReport } from '../../src/stages/intake/check-store.ts';
import type { InstanceIntake } from '../../src/stages/intake/instance-intake.ts';
import { Database } from '../../src/store/database.ts';
import { segmentFileName } from '../../src/store/segments/blob-address.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { openGroup, sendSample, startIntake } from '../support/intake-rig.ts';
import { temporaryFolder } from '../support/segments.ts';

interface Place {
  readonly segment: number;
  readonly record_offset: number;
  readonly data_offset: number;
}

let opened: TestDatabase;
let database: Database;
let folder: string;
let intake: InstanceIntake;

const check = (repair = true): Promise<StoreReport> => checkStore({ database, folder, clock: systemClock, repair });
const kinds = (report: StoreReport): string[] => report.faults.map((fault) => `${fault.kind} ${fault.repaired ? 'repaired' : 'open'}`);
const sql = (text: string): Promise<object[]> => database.query({ name: text.slice(0, 60), text });
const placeOf = async (sop: string): Promise<Place> => (await database.query<Place>({ name: 'place', text: 'select segment, record_offset, data_offset from instance where sop_instance_uid = $1' }, [sop]))[0]!;

suite('isocenter store check', () => {
  setup(async () => {
    opened = await testDatabase();
    database = new Database({ url: opened.url, applicationName: 'test' });
    folder = temporaryFolder();
    intake = await startIntake(folder, database);
    openGroup(intake, 'g1');
    for (let i = 1; i <= 5; i += 1) await sendSample(intake, 'g1', { sop: `2.25.100.1.${i}`, seed: i });
    await sendSample(intake, 'g1', { sop: '2.25.100.1.6', patientId: 'P2' });
    await intake.settle('g1', 'released', new AbortController().signal);
  });
  teardown(async () => {
    await intake.stop(1_000);
    await database.close();
    await opened.close();
  });

  test('a store in order has no fault, quarantine included', async () => {
    const report = await check();

    assert.deepEqual(report.faults, []);
    assert.deepEqual([report.records, report.waiting, report.torn], [6, 0, 0]);
  });

  test('a flipped byte is named with its UID and cannot be repaired', async () => {
    const { segment, data_offset } = await placeOf('2.25.100.1.3');
    const file = openSync(path.join(folder, 'intake', segmentFileName(segment)), 'r+');
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, data_offset + 700);
    byte[0]! ^= 1;
    writeSync(file, byte, 0, 1, data_offset + 700);
    closeSync(file);

    const report = await check();

    assert.deepEqual(kinds(report), ['damaged open']);
    assert.equal(report.faults[0]!.sopInstanceUid, '2.25.100.1.3');
  });

  test('a lost row is made again, once, and counts are put right', async () => {
    await sql(`delete from instance where sop_instance_uid = '2.25.100.1.2' returning 1`);
    await sql('update series set instance_count = 4 returning 1');
    await sql('update study set instance_count = 4 returning 1');

    assert.deepEqual(kinds(await check(false)), ['not-indexed open']);
    assert.deepEqual(kinds(await check()), ['not-indexed repaired']);
    assert.deepEqual(kinds(await check()), []);
    assert.deepEqual(await sql('select instance_count from study'), [{ instance_count: 5 }]);
  });

  test('a row that points elsewhere in its record, and a wrong count, are put right', async () => {
    await sql(`update instance set data_length = 7, crc32 = 1 where sop_instance_uid = '2.25.100.1.4' returning 1`);
    await sql('update study set instance_count = 40 returning 1');

    assert.deepEqual(kinds(await check()).sort(), ['miscounted repaired', 'row-differs repaired']);
    assert.deepEqual(kinds(await check()), []);
  });

  test('rows whose segment is gone are named one by one', async () => {
    const { segment } = await placeOf('2.25.100.1.1');
    unlinkSync(path.join(folder, 'intake', segmentFileName(segment)));

    const report = await check();

    assert.deepEqual(new Set(kinds(report)), new Set(['row-without-record open']));
    assert.equal(report.faults.length, 6);
  });
});
