import assert from 'node:assert/strict';
import { openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { recordCommitmentResult } from '../../../src/archive/commitment-results.ts';
import { systemClock } from '../../../src/foundation/clock.ts';
import { silentLog } from '../../../src/foundation/log.ts';
import { askCommitment } from '../../../src/peers/dimse/ask-commitment.ts';
import { CommitmentResultService } from '../../../src/peers/dimse/commitment-result-service.ts';
import { commandFields } from '../../../src/standards/dimse/command.ts';
import { type CommitmentEvent, storageCommitmentInstance, storageCommitmentPush, writeCommitmentAction } from '../../../src/standards/dimse/commitment-messages.ts';
import { ProveDeliveries } from '../../../src/stages/delivery/prove-deliveries.ts';
import { committableInstances } from '../../../src/store/commitment.ts';
import { insertOutboxMessage } from '../../../src/store/outbox.ts';
import { segmentFileName } from '../../../src/store/segments/blob-address.ts';
import { openAssociation } from '../../../src/transport/dicom/association-client.ts';
import { smallImage } from '../../support/archive-fixture.ts';
import { call, type DimseArchive, dimseArchive } from '../../support/dimse-archive.ts';
import { eventually } from '../../support/eventually.ts';
import { startScp, type TestScp } from '../../support/dimse-scp.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const STUDY = '1.2.826.0.1.3680043.8.498.2';
const uid = (n: number): string => `${STUDY}.1.${n}`;

suite('Storage Commitment Push [PS3.4 Annex J]', () => {
  let archive: DimseArchive;
  suiteSetup(async function () {
    this.timeout(60_000);
    archive = await dimseArchive();
    archive.reporter.start();
    await archive.store([1, 2, 3].map((n) => smallImage(STUDY, `${STUDY}.1`, uid(n))));
  });
  suiteTeardown(() => archive.close());

  /** Asks and waits for the report on the same association. */
  async function ask(transactionUid: string, objects: readonly (readonly [string, string])[], callingAe = 'CT1'): Promise<CommitmentEvent> {
    let heard: (event: CommitmentEvent) => void = () => {};
    const event = new Promise<CommitmentEvent>((resolve) => (heard = resolve));
    const results = new CommitmentResultService({ log: silentLog, record: async (told) => (heard(told), 'answered') });
    await askCommitment(archive.peer(callingAe), { transactionUid, objects }, { ...call(), results, untilHeard: async () => void (await event) });
    return event;
  }

  test('what is stored is committed: event 1, on the association that asked', async () => {
    const event = await ask('1.2.3.1', [1, 2, 3].map((n) => [CT, uid(n)] as const));

    assert.deepEqual(event, { transactionUid: '1.2.3.1', committed: [1, 2, 3].map((n) => [CT, uid(n)]), failed: [] });
    await eventually(async () => (await states(archive)).includes('reported'), 15_000, 'the acknowledgement');
  });

  test('event 2 names what is not here (0112) and what has another class (0119)', async () => {
    const event = await ask('1.2.3.2', [[CT, uid(1)], [CT, '1.2.3.999'], ['1.2.840.10008.5.1.4.1.1.4', uid(2)]]);

    assert.deepEqual(event.committed, [[CT, uid(1)]]);
    assert.deepEqual(event.failed, [[CT, '1.2.3.999', 0x0112], ['1.2.840.10008.5.1.4.1.1.4', uid(2), 0x0119]]);
  });

  test('bytes that changed on the disk are not committed: 0110', async () => {
    const [row] = await committableInstances(archive.database, [uid(3)]);
    const file = openSync(path.join(archive.folder, row!.writer, segmentFileName(row!.segment)), 'r+');
    writeSync(file, Buffer.from([0xff]), 0, 1, row!.data_offset + row!.data_length - 1);

    const event = await ask('1.2.3.3', [[CT, uid(2)], [CT, uid(3)]]);

    assert.deepEqual(event.committed, [[CT, uid(2)]]);
    assert.deepEqual(event.failed, [[CT, uid(3), 0x0110]]);
  });

  test('a wrong instance, action type or a list without objects is refused [PS3.7 §10.1.4]', async () => {
    const { clock, log, signal } = call();
    const association = await openAssociation({ host: '127.0.0.1', port: archive.port, calledAe: 'ISOCENTER', callingAe: 'CT1', contexts: [{ abstractSyntax: storageCommitmentPush, transferSyntaxes: ['1.2.840.10008.1.2'] }], clock, log }, signal);
    const send = async (changes: object, objects: readonly (readonly [string, string])[]): Promise<number> => (await association.invoke({
      contextId: 1, command: { field: commandFields.nActionRq, requestedSopClassUid: storageCommitmentPush, requestedSopInstanceUid: storageCommitmentInstance, actionTypeId: 1, ...changes },
      dataSet: writeCommitmentAction({ transactionUid: '1.2.3.4', objects }, '1.2.840.10008.1.2'),
    }, signal)).status;

    assert.equal(await send({ requestedSopInstanceUid: '1.2.3' }, [[CT, uid(1)]]), 0x0112);
    assert.equal(await send({ actionTypeId: 2 }, [[CT, uid(1)]]), 0x0123);
    assert.equal(await send({}, []), 0x0120);
    assert.equal(await send({}, [[CT, 'no uid']]), 0x0115);
    await association.release(signal);
  });

  test('a peer that hung up is called, with us in the SCP role, until it has acknowledged', async () => {
    const heard: CommitmentEvent[] = [];
    const results = new CommitmentResultService({ log: silentLog, record: async (event) => (heard.push(event), 'answered') });
    const modality = await startScp({ admission: { aeTitles: ['MR9'], acceptUnknownCallers: true, peers: [] }, services: [results] });
    try {
      await askCommitment(archive.peer('MR9'), { transactionUid: '1.2.3.5', objects: [[CT, uid(1)]] }, { ...call(), results, untilHeard: async () => {} });
      archive.peers.set('MR9', { host: '127.0.0.1', port: modality.port, aeTitle: 'MR9', callingAe: 'ISOCENTER' });
      await archive.database.execute({ name: '', text: `update commitment_request set next_attempt_at = 'epoch' where state <> 'reported'` });

      await eventually(() => heard.length > 0, 15_000, 'the report');

      assert.deepEqual(heard[0]!.committed, [[CT, uid(1)]]);
    } finally {
      await modality.stop();
    }
  });

  suite('as SCU, for deliveries to a dimse-store destination', () => {
    let pacs: DimseArchive;
    let proofs: ProveDeliveries | undefined;
    let listener: TestScp | undefined;
    suiteSetup(async function () {
      this.timeout(60_000);
      pacs = await dimseArchive();
      pacs.reporter.start();
    });
    teardown(async () => {
      await proofs?.stop();
      await listener?.stop();
    });
    suiteTeardown(() => pacs.close());

    const deliver = async (destination: string, n: number): Promise<void> => {
      const [row] = await archive.database.query<{ id: number }>({ name: '', text: 'select id from instance where sop_instance_uid = $1' }, [uid(n)]);
      const id = await insertOutboxMessage(archive.database, { idempotencyKey: `${destination} ${n}`, destination, kind: 'dimse-store', purpose: 'forward', studyInstanceUid: STUDY, traceId: 't', jobId: null, resultObjectId: null, instanceId: row!.id, orderingKey: null, state: 'pending', waitingFor: '', at: new Date() });
      await archive.database.execute({ name: '', text: `update outbox_message set state = 'delivered', delivered_at = now(), attempts = 1 where id = $1` }, [id]);
    };
    const stateOf = async (destination: string): Promise<string[]> => (await archive.database.query<{ state: string }>({ name: '', text: 'select state from outbox_message where destination = $1 order by id' }, [destination])).map((row) => row.state);
    const start = (name: string, hearMs: number): void => {
      proofs = new ProveDeliveries({ database: archive.database, destinations: [{ name, peer: pacs.peer('ISOCENTER') }], clock: systemClock, log: silentLog, pollMs: 50, hearMs });
      void proofs.start();
    };

    test('what the peer has is proven, what it lacks is sent again', async () => {
      await pacs.store([smallImage(STUDY, `${STUDY}.1`, uid(1))]);
      await deliver('pacs', 1);
      await deliver('pacs', 2);

      start('pacs', 10_000);
      await eventually(async () => (await stateOf('pacs')).join() === 'proven,pending', 15_000, 'both results');
    });

    test('a result on an association of the peer counts as well', async () => {
      listener = await startScp({ services: [new CommitmentResultService({ log: silentLog, record: (event) => recordCommitmentResult(archive.database, event, Date.now()) })] });
      pacs.peers.set('ISOCENTER', { host: '127.0.0.1', port: listener.port, aeTitle: 'ISOCENTER', callingAe: 'PACS' });
      await deliver('late', 1);

      start('late', 0);
      await eventually(async () => (await archive.database.query({ name: '', text: `select 1 from commitment_asked where destination = 'late'` })).length > 0, 15_000, 'a transaction');
      await pacs.database.execute({ name: '', text: `update commitment_request set next_attempt_at = 'epoch' where state <> 'reported'` });
      await eventually(async () => (await stateOf('late')).join() === 'proven', 15_000, 'the result');
    });

    test('a result that comes twice, or that nobody asked for, changes nothing', async () => {
      const [asked] = await archive.database.query<{ transaction_uid: string }>({ name: '', text: `select transaction_uid from commitment_asked where state = 'answered' limit 1` });

      assert.equal(await recordCommitmentResult(archive.database, { transactionUid: asked!.transaction_uid, committed: [], failed: [[CT, uid(1), 0x0112]] }, Date.now()), 'repeated');
      assert.equal(await recordCommitmentResult(archive.database, { transactionUid: '9.9.9', committed: [], failed: [] }, Date.now()), 'unknown');
      assert.equal((await stateOf('late')).join(), 'proven');
    });
  });
});

async function states(archive: DimseArchive): Promise<string[]> {
  return (await archive.database.query<{ state: string }>({ name: '', text: 'select state from commitment_request' })).map((row) => row.state);
}
