import assert from 'node:assert/strict';
import { associateRq, commandPdu, dataPdu, echoRq, pduOf, RawPeer, releaseRq, requestPdu, storeRq } from '../../support/dimse-raw-peer.ts';
import { startScp, type TestScp } from '../../support/dimse-scp.ts';
import type { DicomScpOptions } from '../../../src/edges/dicom-scp/dicom-scp.ts';
import { eventually } from '../../support/dimse-wait.ts';

suite('limits of the DICOM port', () => {
  let server: TestScp;
  const start = async (options: Partial<DicomScpOptions>): Promise<void> => {
    server = await startScp(options);
  };
  teardown(() => server.stop());

  const answerTo = async (callingAe: string): Promise<{ pduType: number; body: string }> => {
    const peer = await RawPeer.connect(server.port);
    peer.send(associateRq({ callingAe }));
    const { pduType, body } = await peer.next();
    return { pduType, body: pduType === 3 ? body.toString('hex') : '' };
  };
  const accepted = { pduType: 2, body: '' };

  test('associations in all: one too many is rejected as transient, local limit exceeded  [PS3.8 Table 9-21]', async () => {
    await start({ limits: { maxAssociations: 2 } });

    assert.deepEqual(await answerTo('A'), accepted);
    assert.deepEqual(await answerTo('B'), accepted);
    assert.deepEqual(await answerTo('C'), { pduType: 3, body: '00020302' });
  });

  test('associations per AE: one too many of one title is rejected, another title is served', async () => {
    await start({ limits: { maxAssociationsPerAe: 1 } });

    assert.deepEqual(await answerTo('A'), accepted);
    assert.deepEqual(await answerTo('A'), { pduType: 3, body: '00020302' });
    assert.deepEqual(await answerTo('B'), accepted);
  });

  test('a slot is free again after release, abort and loss', async () => {
    await start({ limits: { maxAssociations: 1 } });

    for (const leave of [(peer: RawPeer) => peer.send(releaseRq), (peer: RawPeer) => peer.send(pduOf(7, Buffer.alloc(4))), (peer: RawPeer) => peer.socket.destroy()]) {
      const peer = await RawPeer.associate(server.port);
      assert.equal(server.scp.associations, 1);
      leave(peer);
      await eventually('the slot', () => server.scp.associations === 0);
      peer.socket.destroy();
    }
  });

  test('while quiescing, new associations are rejected as transient and open ones are served', async () => {
    await start({});
    const peer = await RawPeer.associate(server.port);

    server.scp.quiesce();
    assert.deepEqual(await answerTo('B'), { pduType: 3, body: '00020301' });

    peer.send(commandPdu(3, echoRq(1)));
    assert.equal((await peer.nextCommand()).status, 0);
    peer.socket.destroy();
  });

  test('a store without room rejects new associations as transient, temporary congestion', async () => {
    let hasRoom = false;
    await start({ hasRoom: () => hasRoom });

    assert.deepEqual(await answerTo('A'), { pduType: 3, body: '00020301' });
    hasRoom = true;
    assert.deepEqual(await answerTo('A'), accepted);
  });

  test('a permanent reason is told before a transient one', async () => {
    await start({ limits: { maxAssociations: 0 }, admission: { aeTitles: ['ISOCENTER'], acceptUnknownCallers: false, peers: [] } });

    assert.deepEqual(await answerTo('A'), { pduType: 3, body: '00010103' });
  });

  test('an idle association is aborted', async () => {
    await start({ times: { idleMs: 100, artimMs: 100 } });
    const peer = await RawPeer.associate(server.port);

    assert.deepEqual(await peer.next(), { pduType: 7, body: Buffer.alloc(4) });
    await peer.closed();
  });

  test('waiting for our own answer is not idleness', async () => {
    await start({ times: { idleMs: 60, artimMs: 100 } });
    server.receiver.outcome = undefined;
    const peer = await RawPeer.associate(server.port);

    peer.send(Buffer.concat([commandPdu(1, storeRq(1)), dataPdu(1, Buffer.alloc(10))]));
    await eventually('the instance', () => server.receiver.instances[0]?.state === 'finished');
    const until = Date.now() + 250;
    await eventually('some time', () => Date.now() > until);
    server.receiver.instances[0]!.answer({ kind: 'stored' });

    assert.equal((await peer.nextCommand()).status, 0);
    peer.socket.destroy();
  });

  test('a peer that stops in the middle of an instance is aborted, and the instance abandoned', async () => {
    await start({ times: { idleMs: 100, artimMs: 100 } });
    const peer = await RawPeer.associate(server.port);

    peer.send(Buffer.concat([commandPdu(1, storeRq(1)), dataPdu(1, Buffer.alloc(10), 0)]));

    assert.equal((await peer.next()).pduType, 7);
    assert.equal(server.receiver.instances[0]!.state, 'abandoned');
  });

  test('a P-DATA-TF that trickles in is aborted though it is never silent', async () => {
    await start({ times: { idleMs: 10_000, pduMs: 120, artimMs: 100 } });
    const peer = await RawPeer.associate(server.port);
    const whole = Buffer.concat([commandPdu(1, storeRq(1)), dataPdu(1, Buffer.alloc(10_000))]);

    let at = 0;
    const trickle = setInterval(() => peer.send(whole.subarray(at, (at += 1))), 5);
    try {
      assert.equal((await peer.next()).pduType, 7);
    } finally {
      clearInterval(trickle);
    }
  });

  test('a peer that asks and never reads is aborted; its answers do not pile up', async () => {
    await start({ times: { idleMs: 300, artimMs: 100 } });
    const peer = await RawPeer.associate(server.port);
    peer.socket.pause();
    const flood = Buffer.concat(Array.from({ length: 1_000 }, (_, index) => commandPdu(3, echoRq(index + 1))));
    const before = process.memoryUsage().rss;

    for (let turn = 0; turn < 400; turn += 1) peer.send(flood);
    await eventually('the abort', () => server.scp.associations === 0);

    assert.ok(peer.socket.writableLength > 5_000_000, 'the flood waits at its sender');
    assert.ok(process.memoryUsage().rss - before < 200_000_000);
    await eventually('the end of the connection', () => server.scp.connections === 0);
    peer.socket.destroy();
  });

  test('with 40 silent and 20 one-byte senders an echo is answered', async () => {
    await start({ limits: { maxAssociations: 4 } });
    const silent = await Promise.all(Array.from({ length: 40 }, () => RawPeer.connect(server.port)));
    const slow = await Promise.all(Array.from({ length: 20 }, () => RawPeer.connect(server.port)));
    const request = associateRq();
    let at = 0;
    const drip = setInterval(() => {
      for (const peer of slow) peer.send(request.subarray(at, at + 1));
      at += 1;
    }, 10);

    const peer = await RawPeer.associate(server.port);
    peer.send(commandPdu(3, echoRq(1)));
    const { status } = await peer.nextCommand();
    clearInterval(drip);

    assert.equal(status, 0);
    for (const other of [...silent, ...slow, peer]) other.socket.destroy();
  });

  test('over the limit of connections the oldest one without an association makes room', async () => {
    await start({ limits: { maxConnections: 5 } });
    const silent: RawPeer[] = [];
    for (let index = 0; index < 4; index += 1) silent.push(await RawPeer.connect(server.port));
    const busy = await RawPeer.associate(server.port);

    const next = await RawPeer.associate(server.port);
    next.send(commandPdu(3, echoRq(1)));
    assert.equal((await next.nextCommand()).status, 0);

    await silent[0]!.closed();
    assert.deepEqual([silent[1]!.isClosed, busy.isClosed], [false, false]);
    for (const peer of [...silent, busy, next]) peer.socket.destroy();
  });

  test('connections that are all in use are not given up for a new one', async () => {
    await start({ limits: { maxConnections: 2 } });
    const busy = [await RawPeer.associate(server.port), await RawPeer.associate(server.port)];

    const third = await RawPeer.connect(server.port);
    await third.closed();

    assert.deepEqual(busy.map((peer) => peer.isClosed), [false, false]);
    for (const peer of busy) peer.socket.destroy();
  });

  test('an A-ASSOCIATE-RQ over the limit is aborted on its header', async () => {
    await start({ limits: { maxAssociateLength: 1_000 }, times: { artimMs: 100 } });
    const peer = await RawPeer.connect(server.port);

    peer.send(Buffer.from([1, 0, 0, 0, 3, 0xe9]));

    assert.equal((await peer.next()).pduType, 7);
  });

  test('stop waits for the open association, then closes; at the deadline it aborts', async () => {
    await start({});
    const polite = await RawPeer.associate(server.port);
    const stopped = server.scp.stop(10_000);
    polite.send(releaseRq);
    assert.equal((await polite.next()).pduType, 6);
    polite.socket.end();
    await stopped;

    server = await startScp({});
    const stubborn = await RawPeer.associate(server.port, { contexts: requestPdu().contexts });
    await server.scp.stop(20);
    assert.equal((await stubborn.next()).pduType, 7);
  });
});
