// The outbox to a peer that answers at once: reports per second (FHIR, one message each) and objects per second (STOW-RS, 64 KiB each), and the
// same while another destination is dead with as many messages waiting. No peer product is measured: nothing does the same job alone.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { median } from './process-cost.mjs';

export const title = 'delivery: outbox → peer';

export async function run({ full, pairs = full ? 5 : 3, note }) {
  const from = (file) => import(new URL(`../../dist/${file}`, import.meta.url).href);
  const place = await prepare(from);
  const count = full ? 5_000 : 1_000;
  const cells = { 'reports/s': [], 'reports/s, another destination dead': [], 'objects/s': [], 'objects/s, another destination dead': [] };
  try {
    for (let pair = -1; pair < pairs; pair += 1) {
      // The order turns, so that neither way always runs behind the other.
      const ways = ['fhir', 'stow-rs'].flatMap((kind) => (pair % 2 === 0 ? [false, true] : [true, false]).map((dead) => ({ kind, dead })));
      for (const { kind, dead } of ways) {
        const perSecond = await once(place, kind, pair < 0 ? 100 : count, dead);
        const name = kind === 'fhir' ? 'reports/s' : 'objects/s';
        if (pair >= 0) cells[dead ? `${name}, another destination dead` : name].push(perSecond);
      }
      note(`round ${pair + 1} of ${pairs}`);
    }
  } finally {
    await place.stop();
  }
  const rows = Object.entries(cells).map(([name, figures]) => [name, median(figures).toFixed(0), figures.map((figure) => figure.toFixed(0)).join(' ')]);
  const notes = [`${count} messages a round; PostgreSQL with fsync; loopback; attempt, hop and audit rows included.`];
  return { tables: [{ title: 'delivered per second', columns: ['', 'median', 'rounds'], rows, notes }], figures: { count, pairs, perSecond: cells } };
}

async function prepare(from) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-bench-'));
  chmodSync(folder, 0o755); // run by root, the database is nobody's
  const { startEmbeddedPostgresql } = await from('app/embedded-postgresql.js');
  const { Database } = await from('store/database.js');
  const { migrate } = await from('store/migrate.js');
  const { SegmentWriter } = await from('store/segments/segment-writer.js');
  const { systemClock } = await from('foundation/clock.js');
  const { silentLog } = await from('foundation/log.js');
  const postgresql = await startEmbeddedPostgresql({ dataDir: folder, folder: path.join(folder, 'postgresql') });
  const url = postgresql.url('postgres');
  await migrate(url, fileURLToPath(new URL('../../migrations', import.meta.url)));
  const database = new Database({ url, applicationName: 'bench', maxConnections: 12 });
  const writer = await SegmentWriter.open({ folder: path.join(folder, 'segments'), writer: 'intake', clock: systemClock, log: silentLog, segmentBytes: 64 << 20 });
  const peer = spawn(process.execPath, [fileURLToPath(new URL('./delivery-peer.mjs', import.meta.url))], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number((await createInterface({ input: peer.stdout })[Symbol.asyncIterator]().next()).value);
  const instance = await storeInstance(from, writer);
  return {
    from, folder, database, port, instance,
    stop: async () => {
      peer.kill();
      await writer.close();
      await database.close();
      await postgresql.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One stored object; the messages of a round each name a row of their own over the same bytes. */
async function storeInstance(from, writer) {
  const { addressOf } = await from('store/segments/segment-writer.js');
  const bytes = Buffer.alloc(64 << 10, 1);
  const sink = writer.newRecord();
  await sink.write(bytes);
  const record = await sink.commit({
    transferSyntaxUid: '1.2.840.10008.1.2.1', sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: '2.25.1', studyInstanceUid: '2.25.2', seriesInstanceUid: '2.25.3', groupId: 'g',
    protocol: 'dimse', callingAe: '', calledAe: '', remoteAddress: '', verdict: '', origin: 'received', receivedAt: 0, headerLength: bytes.length,
  });
  return addressOf('intake', record);
}

let round = 0;

async function once({ from, folder, database, port, instance }, kind, count, withDead) {
  round += 1;
  const { DeliveryStage } = await from('stages/delivery/delivery-stage.js');
  const { createDestination } = await from('destinations/registry.js');
  const { SegmentReader } = await from('store/segments/segment-reader.js');
  const { systemClock } = await from('foundation/clock.js');
  const { silentLog } = await from('foundation/log.js');
  const { Metrics } = await from('foundation/metrics.js');
  await seed(database, kind, count, 'peer', instance);
  if (withDead) await seed(database, kind, count, 'dead', instance);
  const tools = { clock: systemClock, log: silentLog, software: 'bench', resolvePath: (file) => file, secret: () => undefined, dimse: undefined };
  const url = (at) => `http://127.0.0.1:${at}/${kind === 'fhir' ? 'fhir' : 'dicom-web/studies'}`;
  const destinations = [createDestination({ name: 'peer', kind, url: url(port) }, tools), ...(withDead ? [createDestination({ name: 'dead', kind, url: url(9) }, tools)] : [])];
  const segments = new SegmentReader(path.join(folder, 'segments'));
  const stage = new DeliveryStage({ database, segments, clock: systemClock, log: silentLog, metrics: new Metrics(), owner: `bench-${round}`, destinations });
  const began = performance.now();
  await stage.start();
  for (;;) {
    const [{ left }] = await database.query({ name: 'bench_left', text: `select count(*) as left from outbox_message where destination = 'peer' and state in ('pending', 'sending')` });
    if (left === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const seconds = (performance.now() - began) / 1_000;
  await stage.stop(1_000);
  segments.close();
  await database.execute({ name: 'bench_clear', text: 'truncate delivery_attempt, outbox_message, destination_state' });
  return count / seconds;
}

async function seed(database, kind, count, destination, at) {
  const statement = (name, text, values) => database.query({ name, text }, values);
  await statement('bench_study', `insert into study (study_instance_uid, state, first_received_at, last_received_at, changed_at) values ('2.25.2', 'complete', now(), now(), now()) on conflict do nothing`);
  await statement('bench_series', `insert into series (study_id, series_instance_uid, origin, changed_at) select id, '2.25.3', 'received', now() from study on conflict do nothing`);
  await statement('bench_job', `insert into inference_job (job_key, trace_id, study_id, study_instance_uid, series_instance_uid, rule, model_id, model_version, model_digest, state, input, input_digest, eligibility, not_before, created_at)
    select 'k', 't', id, '2.25.2', '2.25.3', 'r', 'm', '1', 'd', 'done', '{}', 'd', '{}', now(), now() from study on conflict do nothing`);
  await statement('bench_result', `insert into result_object (job_id, study_instance_uid, role, media_type, bytes, sha256, length, created_at)
    select id, '2.25.2', 'fhir-bundle', 'application/fhir+json', convert_to('{"resourceType":"Bundle","type":"transaction","entry":[' || repeat('{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Observation","status":"preliminary"}},', 20) || '{}]}', 'utf8'), '', 1, now() from inference_job on conflict do nothing`);
  await statement('bench_instances', `insert into instance (series_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, writer, segment, record_offset, data_offset, data_length, header_length, crc32, origin, received_at)
    select s.id, '2.25.1' || n, '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1', 'intake', $1, -n, $2, $3::bigint, $3::bigint, 0, 'received', now() from series s, generate_series(1, $4::integer) n on conflict do nothing`, [at.segment, at.offset, at.length, count]);
  const source = kind === 'fhir' ? `select null::bigint as instance_id, r.id as result_id, n from result_object r, generate_series(1, $2::integer) n` : `select i.id as instance_id, null::bigint as result_id, -i.record_offset as n from instance i where -i.record_offset <= $2`;
  await statement(`bench_outbox_${kind}`, `insert into outbox_message (idempotency_key, destination, kind, purpose, study_instance_uid, trace_id, result_object_id, instance_id, next_attempt_at, created_at)
    select $1 || '/' || n, $1, '${kind}', 'result', '2.25.2', 't', result_id, instance_id, now(), now() from (${source}) source`, [destination, count]);
}
