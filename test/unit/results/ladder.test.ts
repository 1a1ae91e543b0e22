import assert from 'node:assert/strict';
import type { DeliveryFailure } from '../../../src/domain/delivery.ts';
import { forms, sopClassOfForm, type Form } from '../../../src/domain/ladder.ts';
import { silentLog } from '../../../src/foundation/log.ts';
import { systemClock } from '../../../src/foundation/clock.ts';
import { Metrics } from '../../../src/foundation/metrics.ts';
import { DeliveryStage } from '../../../src/stages/delivery/delivery-stage.ts';
import type { DestinationName } from '../../../src/stages/results/destination-profiles.ts';
import { createResultWriter } from '../../../src/stages/results/result-writer.ts';
import { openAlerts } from '../../../src/store/alert.ts';
import { Database } from '../../../src/store/database.ts';
import { learnCapabilities } from '../../../src/store/destination-capability.ts';
import { deliveriesOfStudy } from '../../../src/store/overview.ts';
import { testDatabase, type TestDatabase } from '../../support/database.ts';
import { HandClock, ScriptedDestination, until } from '../../support/delivery-fixture.ts';
import { claimedJob, receiveSyntheticStudy, resultDependencies, type ReceivedStudy } from '../../support/result-fixture.ts';
import { bundledTypeface } from '../../support/typeface.ts';
import { negative, positive } from '../result-objects/synthetic-analysis.ts';

suite('the ladder, from the result to the destination', () => {
  let lent: TestDatabase;
  let database: Database;
  let received: ReceivedStudy;

  setup(async () => {
    lent = await testDatabase();
    database = new Database({ url: lent.url, applicationName: 'test' });
    received = await receiveSyntheticStudy(database);
  });

  teardown(async () => {
    await received.close();
    await database.close();
    await lent.close();
  });

  const rowsOf = (name: string, text: string): Promise<object[]> => database.query({ name, text });
  const objects = (): Promise<object[]> => rowsOf('l1', `select role, instance_id is null as spare from result_object where media_type = 'application/dicom' order by id`);
  const queued = async (): Promise<unknown[]> => (await deliveriesOfStudy(database, received.studyInstanceUid, 100)).map((row) => [row.destination, row.object, row.state, row.rung]);

  function writer(destinations: readonly DestinationName[], probe?: (name: string) => readonly Form[]) {
    return createResultWriter({
      ...resultDependencies(database, received, new HandClock(), destinations),
      typeface: bundledTypeface,
      ...(probe === undefined ? {} : { probe: (name: string, uids: readonly string[]) => Promise.resolve(uids.map((sopClassUid) => ({ sopClassUid, accepted: probe(name).some((form) => sopClassOfForm[form] === sopClassUid) }))) }),
    });
  }

  test('one run for four destinations: each form is made once, each destination gets its rung and the reason', async () => {
    const job = await claimedJob(database, received, ['pacs', 'old', 'viewer', 'archive']);

    await writer([
      { name: 'pacs', kind: 'stow-rs', accepts: ['sr3d', 'seg'] },
      { name: 'old', kind: 'dimse-store', accepts: ['sc', 'pdf'] },
      { name: 'viewer', kind: 'dimse-store', accepts: ['gsps', 'sc'], also: ['sc'] },
      { name: 'archive', kind: 'folder', accepts: ['sr', 'seg'], also: ['pdf', 'ko'] },
    ])(job, positive);

    assert.deepEqual(await objects(), ['segmentation', 'structured-report', 'structured-report-2d', 'presentation-state', 'key-objects', 'secondary-capture', 'encapsulated-pdf'].map((role) => ({ role, spare: false })));
    assert.deepEqual((await queued()).filter((row) => (row as unknown[])[3] !== null), [
      ['pacs', 'segmentation', 'pending', 'report'], ['pacs', 'structured-report', 'pending', 'report'],
      ['old', 'secondary-capture', 'pending', 'picture'],
      ['viewer', 'presentation-state', 'pending', 'overlay'], ['viewer', 'secondary-capture', 'pending', 'overlay'],
      ['archive', 'segmentation', 'pending', 'report'], ['archive', 'structured-report-2d', 'pending', 'report'], ['archive', 'key-objects', 'pending', 'report'], ['archive', 'encapsulated-pdf', 'pending', 'report'],
    ]);
    const old = (await deliveriesOfStudy(database, received.studyInstanceUid, 100)).find((row) => row.destination === 'old');
    assert.equal(old?.rung_reason, 'picture instead of a report: its configuration leaves out Comprehensive 3D SR, Comprehensive SR, presentation states');
    assert.deepEqual(await openAlerts(database, 10), []);
  });

  test('a destination that is asked first gets what its association accepts, and nothing spare is made', async () => {
    const job = await claimedJob(database, received, ['pacs']);

    await writer([{ name: 'pacs', kind: 'dimse-store', accepts: 'auto' }], () => ['sr', 'seg', 'sc', 'pdf'])(job, positive);

    assert.deepEqual(await queued(), [['pacs', 'segmentation', 'pending', 'report'], ['pacs', 'structured-report-2d', 'pending', 'report']]);
    assert.deepEqual(await objects(), ['segmentation', 'structured-report', 'structured-report-2d'].map((role) => ({ role, spare: false })));
    assert.deepEqual(await rowsOf('l2', `select count(*) from destination_capability where learned_from = 'association'`), [{ count: forms.length }]);
  });

  test('a negative run for a destination of pictures: the picture says that nothing was found', async () => {
    const job = await claimedJob(database, received, ['old']);

    await writer([{ name: 'old', kind: 'dimse-store', accepts: ['gsps', 'sc'] }])(job, negative);

    assert.deepEqual(await queued(), [['old', 'secondary-capture', 'pending', 'picture']]);
  });

  test('one that takes no form at all: the report is held, with the reason', async () => {
    await learnCapabilities(database, 'pacs', forms.map((form) => ({ sopClassUid: sopClassOfForm[form], accepted: false })), 'association', new Date(new HandClock().now()));
    const job = await claimedJob(database, received, ['pacs']);

    await writer([{ name: 'pacs', kind: 'dimse-store', accepts: 'auto' }])(job, positive);

    assert.deepEqual(await queued(), [['pacs', 'structured-report', 'held', 'none']]);
    assert.match((await deliveriesOfStudy(database, received.studyInstanceUid, 10))[0]!.waiting_for ?? '', /no form of this result is taken/);
  });

  test('refusals lead down rung by rung with the stored spares, without an alert; the study keeps SR and SEG alone; the next run knows', async () => {
    const takes = new Set(['1.2.840.10008.5.1.4.1.1.7']);
    const refused: DeliveryFailure = { kind: 'failed', failure: 'permanent', code: 'PRESENTATION_CONTEXT_REFUSED', message: 'takes no objects of this SOP class', peerIsAtFault: false };
    const destination = new ScriptedDestination('pacs');
    destination.answer = (payload) => (payload.mediaType === 'application/dicom' && takes.has(payload.sopClassUid) ? { kind: 'delivered', proven: false, status: '200' } : refused);
    const job = await claimedJob(database, received, ['pacs']);
    await writer([{ name: 'pacs', kind: 'stow-rs', accepts: 'auto' }])(job, positive);
    assert.deepEqual((await objects()).filter((row) => (row as { spare: boolean }).spare).length, 4);
    const delivery = new DeliveryStage({ database, segments: received.segments, clock: systemClock, log: silentLog, metrics: new Metrics(), owner: 'test', destinations: [destination], pollMs: 50 });

    await delivery.start();
    try {
      await until('the picture is delivered', async () => (await queued()).some((row) => (row as unknown[])[2] === 'delivered'));
    } finally {
      await delivery.stop(5_000);
    }

    assert.deepEqual(await queued(), [
      ['pacs', 'segmentation', 'cancelled', 'report'], ['pacs', 'structured-report', 'cancelled', 'report'],
      ['pacs', 'presentation-state', 'cancelled', 'report'], ['pacs', 'structured-report-2d', 'cancelled', 'report'], ['pacs', 'secondary-capture', 'delivered', 'picture'],
    ]);
    assert.deepEqual(await rowsOf('l3', `select count(*) from instance where origin = 'result'`), [{ count: 2 }]);
    assert.deepEqual(await openAlerts(database, 10), []);
    const sent = destination.seen.at(-1)!;
    assert.ok(sent.mediaType === 'application/dicom' && sent.sopClassUid === '1.2.840.10008.5.1.4.1.1.7' && sent.length > 2_000_000);
  });
});
