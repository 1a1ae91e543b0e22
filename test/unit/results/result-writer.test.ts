import assert from 'node:assert/strict';
import { readDataSet } from '../../../src/standards/dicom/data-set-reader.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { explicitLittleEndian } from '../../../src/standards/dicom/transfer-syntaxes.ts';
import { createResultWriter } from '../../../src/stages/results/result-writer.ts';
import { openAlerts } from '../../../src/store/alert.ts';
import { Database } from '../../../src/store/database.ts';
import { searchFhirResources } from '../../../src/store/fhir-resource.ts';
import { hopsOfStudy } from '../../../src/store/hop.ts';
import { jobById } from '../../../src/store/inference-job.ts';
import { resultsOfJob } from '../../../src/store/result-object.ts';
import { blobAddressOf } from '../../../src/store/segments/blob-address.ts';
import { testDatabase, type TestDatabase } from '../../support/database.ts';
import { HandClock } from '../../support/delivery-fixture.ts';
import { claimedJob, receiveSyntheticStudy, resultDependencies, type ReceivedStudy } from '../../support/result-fixture.ts';
import { negative, notAnalysable, positive } from '../result-objects/synthetic-analysis.ts';

const destinations = [
  { name: 'pacs', kind: 'stow-rs' },
  { name: 'ehr', kind: 'fhir' },
  { name: 'drop', kind: 'folder' },
  { name: 'ris', kind: 'hl7-oru' },
];

suite('result writer', () => {
  let lent: TestDatabase;
  let database: Database;
  let received: ReceivedStudy;
  let clock: HandClock;

  setup(async () => {
    lent = await testDatabase();
    database = new Database({ url: lent.url, applicationName: 'test' });
    received = await receiveSyntheticStudy(database);
    clock = new HandClock();
  });

  teardown(async () => {
    await received.close();
    await database.close();
    await lent.close();
  });

  const rowsOf = (name: string, text: string): Promise<object[]> => database.query({ name, text });
  const counts = (): Promise<object[]> => rowsOf('q5', 'select (select count(*) from instance) as i, (select count(*) from outbox_message) as o, (select count(*) from hop) as h');
  const analysedAt = (): Promise<object[]> => rowsOf('q6', 'select analysed_at from inference_job');

  test('findings become SEG and SR in the source study, a bundle, published resources and one message per object and destination', async () => {
    const job = await claimedJob(database, received, ['pacs', 'ehr', 'drop', 'ris']);

    const written = await createResultWriter(resultDependencies(database, received, clock, destinations))(job, positive);

    assert.equal(written, true);
    const objects = await resultsOfJob(database, job.id);
    assert.deepEqual(objects.map((object) => object.role), ['segmentation', 'structured-report', 'fhir-bundle', 'hl7-oru']);
    assert.deepEqual(await rowsOf('q1', `select destination, kind, count(*) from outbox_message where state = 'pending' group by 1, 2 order by 1`), [
      { destination: 'drop', kind: 'folder', count: 4 },
      { destination: 'ehr', kind: 'fhir', count: 1 },
      { destination: 'pacs', kind: 'stow-rs', count: 2 },
      { destination: 'ris', kind: 'hl7-oru', count: 1 },
    ]);
    assert.equal((await jobById(database, job.id))?.state, 'done');
    assert.deepEqual(await rowsOf('q2', `select series.modality, series.instance_count, s.study_instance_uid from series join study s on s.id = series.study_id where origin = 'result' order by series_number`), [
      { modality: 'SR', instance_count: 1, study_instance_uid: received.studyInstanceUid },
      { modality: 'SEG', instance_count: 1, study_instance_uid: received.studyInstanceUid },
    ]);
    assert.equal((await searchFhirResources(database, { resourceType: 'DiagnosticReport', studies: [received.studyInstanceUid], limit: 10, offset: 0 })).total, 1);
    assert.ok((await searchFhirResources(database, { resourceType: 'Observation', studies: [received.studyInstanceUid], limit: 10, offset: 0 })).total >= 2);
    assert.deepEqual((await hopsOfStudy(database, received.studyInstanceUid)).map((hop) => [hop.hop, hop.event]), [[11, 'result-writer.written']]);
    assert.deepEqual(await openAlerts(database, 10), []);
  });

  test('the workitem is COMPLETED and lists its output [PS3.4 Table CC.2.5-3]', async () => {
    const job = await claimedJob(database, received, []);

    await createResultWriter(resultDependencies(database, received, clock, destinations))(job, positive);

    const [workitem] = (await rowsOf('q3', 'select state, attributes from ups_workitem')) as { state: string; attributes: Record<string, { Value: Record<string, { Value: Record<string, unknown>[] }>[] }> }[];
    const outputs = workitem!.attributes['00741216']!.Value[0]!['00404033']!.Value;
    const objects = await resultsOfJob(database, job.id);
    assert.equal(workitem!.state, 'COMPLETED');
    assert.equal(outputs.length, 2);
    assert.match(JSON.stringify(outputs), new RegExp(objects[0]!.sop_instance_uid!.replaceAll('.', '\\.')));
  });

  test('the stored bytes are those that were hashed, and parse to the object of the row', async () => {
    const job = await claimedJob(database, received, []);

    await createResultWriter(resultDependencies(database, received, clock, destinations))(job, positive);

    for (const object of (await resultsOfJob(database, job.id)).filter((row) => row.media_type === 'application/dicom')) {
      const [row] = await database.query<{ writer: string; segment: number; data_offset: number; data_length: number; transfer_syntax_uid: string }>(
        { name: 'q4', text: 'select writer, segment, data_offset, data_length, transfer_syntax_uid from instance where sop_instance_uid = $1' }, [object.sop_instance_uid]);
      const bytes = await received.segments.readRange(blobAddressOf(row!));
      const read = readDataSet(bytes, row!.transfer_syntax_uid);
      assert.equal(row!.transfer_syntax_uid, explicitLittleEndian);
      assert.equal(bytes.length, object.length);
      assert.ok(read.ok && read.value.string(tags.SOPInstanceUID) === object.sop_instance_uid);
    }
  });

  test('a finished job is a no-op', async () => {
    const job = await claimedJob(database, received, ['pacs']);
    const write = createResultWriter(resultDependencies(database, received, clock, destinations));
    await write(job, positive);
    const before = await counts();

    const again = await write(job, positive);

    assert.equal(again, true);
    assert.deepEqual(await counts(), before);
  });

  test('a repeat after a crash between the bytes and the rows makes the same UIDs and the same bytes', async () => {
    const job = await claimedJob(database, received, ['pacs']);
    const deps = resultDependencies(database, received, clock, destinations);
    const crashing = { query: database.query.bind(database), execute: database.execute.bind(database), transaction: () => Promise.reject(new Error('killed')) } as unknown as Database;
    await assert.rejects(createResultWriter({ ...deps, database: crashing })(job, positive), { message: 'killed' });
    const firstMoment = await analysedAt();
    clock.forward(60_000);

    await createResultWriter(deps)(job, positive);

    assert.deepEqual(await analysedAt(), firstMoment);
    assert.deepEqual(await rowsOf('q7', `select count(*) from instance where origin = 'result'`), [{ count: 2 }]);
  });

  test('a worker whose lease was taken writes nothing', async () => {
    const job = await claimedJob(database, received, ['pacs']);
    await database.execute({ name: 'q8', text: `update inference_job set lease_owner = 'other'` });

    const written = await createResultWriter(resultDependencies(database, received, clock, destinations))(job, positive);

    assert.equal(written, false);
    assert.deepEqual(await resultsOfJob(database, job.id), []);
    assert.deepEqual(await rowsOf('q9', 'select id from outbox_message'), []);
  });

  for (const [name, analysis] of [['nothing found', negative], ['not analysable', notAnalysable]] as const) {
    test(`${name}: an SR says so, there is no SEG, and the report goes out`, async () => {
      const job = await claimedJob(database, received, ['pacs', 'ehr']);

      await createResultWriter(resultDependencies(database, received, clock, destinations))(job, analysis);

      assert.deepEqual((await resultsOfJob(database, job.id)).map((object) => object.role), ['structured-report', 'fhir-bundle']);
      assert.deepEqual(await rowsOf('q10', 'select destination, state from outbox_message order by 1'), [{ destination: 'ehr', state: 'pending' }, { destination: 'pacs', state: 'pending' }]);
      assert.deepEqual(await openAlerts(database, 10), []);
    });
  }

  test('an object that fails its check is stored and held with an alert; nothing of it leaves', async () => {
    const job = await claimedJob(database, received, ['pacs', 'ehr']);
    const outside = { ...positive, findings: positive.findings.map((finding) => ({ ...finding, trackingUid: 'not-a-uid' })) };

    await createResultWriter(resultDependencies(database, received, clock, destinations))(job, outside);

    const states = (await rowsOf('q11', 'select state, waiting_for from outbox_message')) as { state: string; waiting_for: string }[];
    assert.ok(states.some((message) => message.state === 'held' && message.waiting_for.startsWith('held: the object did not pass its check')), JSON.stringify(states));
    assert.ok((await openAlerts(database, 10)).some((alert) => alert.kind === 'RESULT_INVALID'));
  });

  test('a destination that the configuration no longer names holds the message and says why', async () => {
    const job = await claimedJob(database, received, ['gone']);

    await createResultWriter(resultDependencies(database, received, clock, destinations))(job, negative);

    const messages = (await rowsOf('q12', 'select state, waiting_for from outbox_message')) as { state: string; waiting_for: string }[];
    assert.deepEqual(new Set(messages.map((message) => message.state)), new Set(['held']));
    assert.match(messages[0]!.waiting_for, /names no such destination/);
  });

  test('an urgent result raises an alert', async () => {
    const job = await claimedJob(database, received, []);

    await createResultWriter(resultDependencies(database, received, clock, destinations))(job, { ...positive, urgency: { level: 'urgent', reason: 'large nodule' } });

    assert.deepEqual((await openAlerts(database, 10)).map((alert) => alert.kind), ['URGENT_FINDING']);
  });

  test('a revision references its predecessor, updates the same report and takes back findings that are gone', async () => {
    const deps = resultDependencies(database, received, clock, destinations);
    const first = await claimedJob(database, received, ['ehr'], 'job-1');
    await createResultWriter(deps)(first, positive);
    clock.forward(60_000);
    const second = await claimedJob(database, received, ['ehr'], 'job-2');
    await createResultWriter(deps)(second, { ...positive, source: { ...positive.source, inputDigest: 'ef'.repeat(32) }, findings: positive.findings.slice(0, 1), segments: positive.segments.slice(0, 1) });

    const reports = await searchFhirResources(database, { resourceType: 'DiagnosticReport', studies: [received.studyInstanceUid], limit: 10, offset: 0 });
    const withdrawn = await searchFhirResources(database, { resourceType: 'Observation', studies: [received.studyInstanceUid], statuses: ['entered-in-error'], limit: 10, offset: 0 });
    assert.equal(second.predecessor_id, first.id);
    assert.deepEqual(reports.rows.map((row) => row.version_id), [2]);
    assert.ok(withdrawn.total > 0);
    assert.match(JSON.stringify(withdrawn.rows[0]!.resource), new RegExp(positive.findings[1]!.trackingUid.replaceAll('.', '\\.')));
    const ordered = (await rowsOf('q13', 'select ordering_key from outbox_message order by id')) as { ordering_key: string }[];
    assert.equal(new Set(ordered.map((message) => message.ordering_key)).size, 1);
  });
});
