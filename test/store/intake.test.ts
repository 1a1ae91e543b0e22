import assert from 'node:assert/strict';
import { Metrics } from '../../src/foundation/metrics.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import type { ScanLimits } from '../../src/standards/dicom/header-scan.ts';
import { explicitLittleEndian } from '../../src/standards/dicom/transfer-syntaxes.ts';
import type { InstanceIntake } from '../../src/stages/intake/instance-intake.ts';
import { Database } from '../../src/store/database.ts';
import { appendResult, indexResults } from '../../src/store/result-index.ts';
import { SegmentReader } from '../../src/store/segments/segment-reader.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { ctImageStorage, sampleDataSet } from '../support/instances.ts';
import { openGroup, send, sendSample, startIntake, until } from '../support/intake-rig.ts';
import { openWriter, temporaryFolder } from '../support/segments.ts';

interface Rig {
  readonly intake: InstanceIntake;
  readonly database: Database;
  readonly folder: string;
  restart(options?: Parameters<typeof startIntake>[2]): Promise<InstanceIntake>;
  rows<R extends object>(text: string): Promise<R[]>;
}

let opened: TestDatabase;
let rig: Rig;

const forever = new AbortController().signal;

/** Language Code Sequences of undefined length inside each other, Explicit VR Little Endian. */
function nestedSequences(depth: number): Buffer {
  const open = Buffer.from('08000600535100 00ffffffff feff00e0ffffffff'.replaceAll(' ', ''), 'hex');
  const close = Buffer.from('feff0de000000000 feffdde000000000'.replaceAll(' ', ''), 'hex');
  return Buffer.concat([...Array.from({ length: depth }, () => open), ...Array.from({ length: depth }, () => close)]);
}

suite('intake', () => {
  setup(async () => {
    opened = await testDatabase();
    const database = new Database({ url: opened.url, applicationName: 'test' });
    const folder = temporaryFolder();
    let intake = await startIntake(folder, database);
    rig = {
      get intake() { return intake; },
      database, folder,
      restart: async (options) => {
        await intake.stop(0);
        intake = await startIntake(folder, database, options);
        return intake;
      },
      rows: (text) => database.query({ name: `t${text.length}_${text.slice(0, 40)}`, text }),
    };
  });
  teardown(async () => {
    await rig.intake.stop(1_000);
    await rig.database.close();
    await opened.close();
  });

  test('an instance is answered when durable and has its rows when its association is settled', async () => {
    const bytes = sampleDataSet({ pixelBytes: 100_000 });
    openGroup(rig.intake, 'g1');

    assert.deepEqual(await send(rig.intake, 'g1', bytes), { kind: 'stored' });
    await rig.intake.settle('g1', 'released', forever);

    const [row] = await rig.rows<{ writer: string; segment: number; data_offset: number; data_length: number; header_length: number; modality: string; body_part: string; patient_name_key: string; state: string; instance_count: number }>(
      'select i.*, r.modality, r.body_part, s.patient_name_key, s.state, s.instance_count from instance i join series r on r.id = i.series_id join study s on s.id = r.study_id');
    assert.deepEqual([row!.modality, row!.body_part, row!.patient_name_key, row!.state, row!.instance_count], ['CT', 'CHEST', 'roe jane', 'receiving', 1]);
    assert.equal(row!.header_length, bytes.length - 100_000 - 12);
    const reader = new SegmentReader(rig.folder);
    assert.ok((await reader.readRange({ writer: row!.writer, segment: row!.segment, offset: row!.data_offset, length: row!.data_length })).equals(bytes));
    reader.close();
    assert.deepEqual(await rig.rows('select hop, event, subject from hop order by hop'), [
      { hop: 6, event: 'receive-instance.stored', subject: '2.25.100.1.1' }, { hop: 7, event: 'index-batch.indexed', subject: '2.25.100.1.1' },
    ]);
    assert.deepEqual(await rig.rows('select calling_ae, outcome, instance_count, closed_at is not null as closed from arrival_group'), [{ calling_ae: 'CT1', outcome: 'released', instance_count: 1, closed: true }]);
    assert.deepEqual(await rig.rows('select actor, action, outcome from audit_event'), [{ actor: 'CT1', action: 'instances.stored', outcome: 0 }]);
  });

  test('the same bytes again: success, a duplicate row, no late image', async () => {
    openGroup(rig.intake, 'g1');
    await sendSample(rig.intake, 'g1', { sop: '2.25.100.1.1' });
    await rig.intake.settle('g1', 'released', forever);
    await rig.rows(`update study set state = 'complete' returning id`);
    openGroup(rig.intake, 'g2');

    assert.deepEqual(await sendSample(rig.intake, 'g2', { sop: '2.25.100.1.1' }), { kind: 'duplicate' });
    await rig.intake.settle('g2', 'released', forever);

    assert.deepEqual(await rig.rows('select state from instance order by id'), [{ state: 'active' }, { state: 'duplicate' }]);
    assert.deepEqual(await rig.rows('select state, instance_count from study'), [{ state: 'complete', instance_count: 1 }]);
  });

  test('another content under a known UID is refused when known, kept in quarantine, and the first stays', async () => {
    openGroup(rig.intake, 'g1');
    await sendSample(rig.intake, 'g1', { sop: '2.25.100.1.1' });
    await rig.intake.settle('g1', 'released', forever);
    const fresh = await rig.restart();
    openGroup(fresh, 'g2');

    const outcome = await sendSample(fresh, 'g2', { sop: '2.25.100.1.1', seed: 9 });
    await fresh.settle('g2', 'released', forever);

    assert.equal(outcome.kind === 'refused' && outcome.reason, 'duplicate-other-content');
    assert.deepEqual(await rig.rows('select reason from quarantine'), [{ reason: 'duplicate-other-content' }]);
    assert.deepEqual(await rig.rows('select state from instance'), [{ state: 'active' }]);
    assert.deepEqual(await rig.rows('select kind, occurrences from alert'), [{ kind: 'DUPLICATE_OTHER_CONTENT', occurrences: 1 }]);
  });

  test('a second patient under one Study Instance UID: stored, set aside, study held, alert; never merged', async () => {
    openGroup(rig.intake, 'g1');
    await sendSample(rig.intake, 'g1', { sop: '2.25.100.1.1' });
    await sendSample(rig.intake, 'g1', { sop: '2.25.100.1.2', patientId: 'P2' });
    await sendSample(rig.intake, 'g1', { sop: '2.25.100.1.3' });
    await rig.intake.settle('g1', 'released', forever);

    assert.deepEqual(await rig.rows('select state, hold_reason, patient_id, instance_count from study'), [{ state: 'held', hold_reason: 'patient-conflict', patient_id: 'P1', instance_count: 2 }]);
    assert.deepEqual(await rig.rows('select reason, patient_id, sop_instance_uid from quarantine'), [{ reason: 'patient-conflict', patient_id: 'P2', sop_instance_uid: '2.25.100.1.2' }]);
    assert.deepEqual(await rig.rows('select kind, severity from alert'), [{ kind: 'PATIENT_CONFLICT', severity: 'critical' }]);
  });

  test('new images bring a complete study back to receiving, but not a held one', async () => {
    openGroup(rig.intake, 'g1');
    await sendSample(rig.intake, 'g1', { sop: '2.25.100.1.1' });
    await sendSample(rig.intake, 'g1', { study: '2.25.200', sop: '2.25.200.1.1' });
    await rig.intake.settle('g1', 'released', forever);
    await rig.rows(`update study set state = case study_instance_uid when '2.25.100' then 'complete' else 'held' end returning id`);
    openGroup(rig.intake, 'g2');

    await sendSample(rig.intake, 'g2', { sop: '2.25.100.1.2' });
    await sendSample(rig.intake, 'g2', { study: '2.25.200', sop: '2.25.200.1.2' });
    await rig.intake.settle('g2', 'released', forever);

    assert.deepEqual(await rig.rows('select state, instance_count from study order by study_instance_uid'), [{ state: 'receiving', instance_count: 2 }, { state: 'held', instance_count: 2 }]);
  });

  test('every queue on the way has its depth in the metrics', async () => {
    const metrics = new Metrics();
    const intake = await rig.restart({ metrics });
    openGroup(intake, 'g1');
    await sendSample(intake, 'g1', { sop: '2.25.100.1.1' });

    const text = await metrics.registry.metrics();

    assert.match(text, /^isocenter_intake_open_groups 1$/m);
    for (const name of ['isocenter_intake_unindexed_records', 'isocenter_store_queued_records', 'isocenter_store_buffer_bytes', 'isocenter_store_large_records', 'isocenter_store_spare_segments', 'isocenter_store_free_bytes']) {
      assert.match(text, new RegExp(`^${name} \\d+`, 'm'));
    }
  });

  const privateElement = (length: number): Buffer => sampleDataSet({ more: [{ tag: 0x00211010, vr: 'OB', value: new Uint8Array(length) }] });
  const limits: readonly [string, Partial<ScanLimits>, Buffer, Buffer][] = [
    ['an element before the pixel data', { maxElementBytes: 10_000 }, privateElement(10_000), privateElement(10_002)],
    ['all that comes before the pixel data', { maxHeaderBytes: 10_000 }, privateElement(5_000), privateElement(10_000)],
    ['sequences inside each other', { maxDepth: 3 }, Buffer.concat([nestedSequences(3), sampleDataSet()]), Buffer.concat([nestedSequences(4), sampleDataSet()])],
  ];
  for (const [name, limit, within, over] of limits) {
    test(`${name}: up to the limit is taken, over it is refused with C000 and quarantined`, async () => {
      const intake = await rig.restart({ limits: limit });
      openGroup(intake, 'g1');

      const outcomes = [await send(intake, 'g1', over), await send(intake, 'g1', within)];
      await intake.settle('g1', 'released', forever);

      assert.deepEqual(outcomes.map((outcome) => (outcome.kind === 'refused' ? outcome.reason : outcome.kind)), ['cannot-understand', 'stored']);
      assert.deepEqual(await rig.rows('select reason, data_length from quarantine'), [{ reason: 'cannot-understand', data_length: over.length }]);
    });
  }

  const bad: readonly [string, Buffer, { sop?: string; sopClass?: string }, string, number | undefined][] = [
    ['SOP Instance UID differs from the command → 0117 [PS3.7 §9.1.1.1.9]', sampleDataSet(), { sop: '2.25.7' }, 'uid-mismatch', tags.SOPInstanceUID],
    ['SOP Class UID differs from the command → A900 [PS3.4 §B.2.3]', sampleDataSet(), { sopClass: '1.2.840.10008.5.1.4.1.1.4' }, 'class-mismatch', tags.SOPClassUID],
    ['no Study Instance UID → C003', sampleDataSet({ study: '', series: '2.25.1', sop: '2.25.100.1.1' }), {}, 'missing-uid', tags.StudyInstanceUID],
    ['a Study Instance UID that is a path → 0117', sampleDataSet({ study: '../../etc', series: '2.25.1', sop: '2.25.100.1.1' }), {}, 'uid-mismatch', tags.StudyInstanceUID],
    ['a data set cut off before its UIDs were whole → C000 [PS3.4 §B.2.3]', sampleDataSet().subarray(0, 50), {}, 'cannot-understand', undefined],
    ['a data set cut off behind its UIDs → C001', sampleDataSet().subarray(0, 60), {}, 'truncated', undefined],
    ['pixel data that are cut off → C001', sampleDataSet().subarray(0, -1), {}, 'truncated', tags.PixelData],
    ['an empty data set → C000', Buffer.alloc(0), {}, 'cannot-understand', undefined],
  ];
  for (const [name, bytes, announced, reason, tag] of bad) {
    test(`${name}; its bytes are kept in quarantine`, async () => {
      openGroup(rig.intake, 'g1');

      const outcome = await send(rig.intake, 'g1', bytes, announced);
      await rig.intake.settle('g1', 'released', forever);

      assert.ok(outcome.kind === 'refused');
      assert.equal(outcome.reason, reason);
      if (tag !== undefined) assert.equal(outcome.offendingTag, tag);
      assert.deepEqual(await rig.rows('select reason, data_length from quarantine'), [{ reason, data_length: bytes.length }]);
      assert.deepEqual(await rig.rows('select 1 from instance'), []);
      assert.deepEqual(await rig.rows('select 1 from study'), []);
    });
  }

  test('an instance that its sender breaks off leaves no record and no row', async () => {
    openGroup(rig.intake, 'g1');
    const half = rig.intake.begin({ groupId: 'g1', sopClassUid: ctImageStorage, sopInstanceUid: '2.25.100.1.9', transferSyntaxUid: explicitLittleEndian });
    await half.write(sampleDataSet({ pixelBytes: 3_000_000, sop: '2.25.100.1.9' }).subarray(0, 2_000_000));
    half.abandon();
    await rig.intake.settle('g1', 'aborted', forever);

    await rig.restart();

    assert.deepEqual(await rig.rows('select 1 from instance'), []);
    assert.deepEqual(await rig.rows('select 1 from quarantine'), []);
  });

  test('durable records without a row are indexed again at start; those with one are not touched', async () => {
    openGroup(rig.intake, 'g1');
    for (let i = 1; i <= 30; i += 1) await sendSample(rig.intake, 'g1', { sop: `2.25.100.1.${i}`, seed: i });
    await rig.intake.settle('g1', 'released', forever);
    await rig.rows('delete from instance where id % 3 = 0 returning id');
    await rig.rows('update segment_index set indexed_to = 0 returning 1');

    const fresh = await rig.restart();
    await until(() => fresh.recovered);

    assert.deepEqual(await rig.rows('select count(*)::int as n, count(distinct sop_instance_uid)::int as d from instance'), [{ n: 30, d: 30 }]);
  });

  test('a restart of a settled store looks at nothing twice', async () => {
    openGroup(rig.intake, 'g1');
    await sendSample(rig.intake, 'g1', { sop: '2.25.100.1.1' });
    await rig.intake.settle('g1', 'released', forever);

    const fresh = await rig.restart();
    await until(() => fresh.recovered);

    assert.deepEqual(await rig.rows('select state from instance'), [{ state: 'active' }]);
  });

  test('groups that a kill left open are closed as aborted at the next start', async () => {
    openGroup(rig.intake, 'g1');
    await sendSample(rig.intake, 'g1', { sop: '2.25.100.1.1' });
    await until(async () => (await rig.rows('select 1 from instance')).length === 1);

    const fresh = await rig.restart();
    await until(() => fresh.recovered);

    assert.deepEqual(await rig.rows('select outcome, closed_at is not null as closed from arrival_group'), [{ outcome: 'aborted', closed: true }]);
  });

  test('a deflated data set is stored as it came and indexed', async () => {
    const { deflateRawSync } = await import('node:zlib');
    openGroup(rig.intake, 'g1');

    const outcome = await send(rig.intake, 'g1', deflateRawSync(sampleDataSet({ pixelBytes: 400_000 })), { syntax: '1.2.840.10008.1.2.1.99' });
    await rig.intake.settle('g1', 'released', forever);

    assert.equal(outcome.kind, 'stored');
    assert.deepEqual(await rig.rows('select transfer_syntax_uid, header_length = data_length as whole from instance'), [{ transfer_syntax_uid: '1.2.840.10008.1.2.1.99', whole: true }]);
  });

  test('a result is seen only when its transaction commits, and no recovery brings back one that did not', async () => {
    openGroup(rig.intake, 'g1');
    await sendSample(rig.intake, 'g1', { sop: '2.25.100.1.1' });
    await rig.intake.settle('g1', 'released', forever);
    const writer = await openWriter(rig.folder, { writer: 'work' });
    const at = new Date();
    const kept = await appendResult(writer, { dataSet: sampleDataSet({ series: '2.25.100.7', sop: '2.25.100.7.1' }), transferSyntaxUid: explicitLittleEndian, traceId: 't', at });
    const lost = await appendResult(writer, { dataSet: sampleDataSet({ series: '2.25.100.8', sop: '2.25.100.8.1' }), transferSyntaxUid: explicitLittleEndian, traceId: 't', at });

    const [id] = await rig.database.transaction((tx) => indexResults(tx, [kept], at));
    await assert.rejects(rig.database.transaction(async (tx) => { await indexResults(tx, [lost], at); throw new Error('rolled back'); }));
    await writer.close();

    assert.deepEqual(await rig.rows(`select id, sop_instance_uid, origin from instance where writer = 'work'`), [{ id, sop_instance_uid: '2.25.100.7.1', origin: 'result' }]);
    assert.deepEqual(await rig.rows('select instance_count, state from study'), [{ instance_count: 1, state: 'receiving' }]);
    assert.deepEqual(await rig.rows(`select origin, instance_count from series where series_instance_uid = '2.25.100.7'`), [{ origin: 'result', instance_count: 1 }]);
  });
});
