import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { encodeCommand } from '../../../src/standards/dimse/command-codec.ts';
import { abortPdu, commandPdu, ctStorage, dataPdu, echoRq, explicitLe, pduOf, pdvOf, RawPeer, releaseRq, requestPdu, storeRq } from '../../support/dimse-raw-peer.ts';
import { startScp, type TestScp } from '../../support/dimse-scp.ts';
import { eventually } from '../../support/dimse-wait.ts';

suite('storage SCP', () => {
  let server: TestScp;
  setup(async () => {
    server = await startScp();
  });
  teardown(() => server.stop());

  test('an instance arrives byte for byte, announced as in the command, in PDVs and chunks cut anywhere', async () => {
    const peer = await RawPeer.associate(server.port);
    const bytes = randomBytes(200_000);
    const command = Buffer.from(encodeCommand(storeRq(7)));
    const stream = [pduOf(4, pdvOf(1, 1, command.subarray(0, 13)), pdvOf(1, 1, command.subarray(13, 50))), pduOf(4, pdvOf(1, 3, command.subarray(50)))];
    for (let at = 0; at < bytes.length; at += 9_001) stream.push(pduOf(4, pdvOf(1, 0, bytes.subarray(at, at + 4_000)), pdvOf(1, 0, bytes.subarray(at + 4_000, at + 9_001))));
    stream.push(pduOf(4, pdvOf(1, 2, new Uint8Array(0))));
    const whole = Buffer.concat(stream);

    for (let at = 0; at < whole.length; at += 777) {
      peer.send(whole.subarray(at, at + 777));
      if (at % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }

    assert.deepEqual(await peer.nextCommand(), { field: 0x8001, affectedSopClassUid: ctStorage, messageIdRespondedTo: 7, hasDataSet: false, status: 0, affectedSopInstanceUid: '1.2.3.7' });
    assert.deepEqual(server.receiver.bytesOf(0), bytes);
    const [group] = server.receiver.groups;
    assert.deepEqual(server.receiver.instances[0]!.arrival, { groupId: group!.groupId, sopClassUid: ctStorage, sopInstanceUid: '1.2.3.7', transferSyntaxUid: explicitLe });
    assert.deepEqual([group!.protocol, group!.callingAe, group!.calledAe, group!.remoteAddress], ['dimse', 'TESTER', 'ISOCENTER', '127.0.0.1']);
    peer.socket.destroy();
  });

  test('eight associations at a time do not mix their bytes', async () => {
    const senders = await Promise.all(Array.from({ length: 8 }, () => RawPeer.associate(server.port)));
    const sent = senders.map(() => randomBytes(150_001));
    const streams = sent.map((bytes, index) => Buffer.concat([commandPdu(1, storeRq(index + 1)), dataPdu(1, bytes.subarray(0, 100_000), 0), dataPdu(1, bytes.subarray(100_000))]));

    for (let at = 0; at < 160_000; at += 13_331) {
      for (const [index, peer] of senders.entries()) peer.send(streams[index]!.subarray(at, at + 13_331));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(senders.map(async (peer) => assert.equal((await peer.nextCommand()).status, 0)));

    for (const [index, received] of server.receiver.instances.entries()) {
      assert.deepEqual(server.receiver.bytesOf(index), sent[Number(received.arrival.sopInstanceUid.split('.').at(-1)) - 1]);
    }
    for (const peer of senders) peer.socket.destroy();
  });

  test('no response leaves before the instance is durable', async () => {
    server.receiver.outcome = undefined;
    const peer = await RawPeer.associate(server.port);

    peer.send(Buffer.concat([commandPdu(1, storeRq(1)), dataPdu(1, Buffer.alloc(10))]));
    await eventually('the end of the instance', () => server.receiver.instances[0]?.state === 'finished');
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(peer.pdus, []);
    server.receiver.instances[0]!.answer({ kind: 'stored' });

    assert.equal((await peer.nextCommand()).status, 0);
    peer.socket.destroy();
  });

  test('C-STORE is answered A700H with its comment when there is no room, and audited', async () => {
    server.receiver.outcome = { kind: 'refused', reason: 'out-of-resources', comment: 'the store is full' };
    const peer = await RawPeer.associate(server.port);

    peer.send(Buffer.concat([commandPdu(1, storeRq(1)), dataPdu(1, Buffer.alloc(10))]));
    const { status, errorComment } = await peer.nextCommand();

    assert.deepEqual([status, errorComment], [0xa700, 'the store is full']);
    const event = server.events.at(-1)!;
    assert.deepEqual(event.kind === 'instance-refused' && [event.status, event.sopInstanceUid], [0xa700, '1.2.3.1']);
    peer.socket.destroy();
  });

  for (const [what, fields, status] of [
    ['without a SOP Instance UID is answered 0117H', { affectedSopInstanceUid: '' }, 0x0117],
    ['with a path for a SOP Instance UID is answered 0117H', { affectedSopInstanceUid: '../../etc/passwd' }, 0x0117],
    ['with a SOP Instance UID of 65 characters is answered 0117H', { affectedSopInstanceUid: `1.${'2'.repeat(63)}` }, 0x0117],
    ['without a SOP Class UID is answered 0118H', { affectedSopClassUid: '' }, 0x0118],
  ] as const) {
    test(`C-STORE ${what}; its data set is read over and nothing is stored`, async () => {
      const peer = await RawPeer.associate(server.port);

      peer.send(Buffer.concat([commandPdu(1, { ...storeRq(1), ...fields }), dataPdu(1, Buffer.alloc(1_000)), commandPdu(3, echoRq(2))]));

      assert.equal((await peer.nextCommand()).status, status);
      assert.equal((await peer.nextCommand()).field, 0x8030);
      assert.deepEqual(server.receiver.instances, []);
      peer.socket.destroy();
    });
  }

  test('C-STORE that announces no data set is answered 0212H', async () => {
    const peer = await RawPeer.associate(server.port);

    peer.send(commandPdu(1, { ...storeRq(1), hasDataSet: false }));

    assert.equal((await peer.nextCommand()).status, 0x0212);
    peer.socket.destroy();
  });

  for (const [how, leave] of [
    ['is gone', (peer: RawPeer) => peer.socket.destroy()],
    ['aborts', (peer: RawPeer) => peer.send(abortPdu)],
    ['closes its side', (peer: RawPeer) => peer.socket.end()],
    ['asks for release', (peer: RawPeer) => peer.send(releaseRq)],
    ['sends rubbish', (peer: RawPeer) => peer.send(pduOf(0x50, Buffer.alloc(9)))],
  ] as const) {
    test(`a peer that ${how} in mid-instance leaves nothing: the instance is abandoned, the group settled as aborted`, async () => {
      const peer = await RawPeer.associate(server.port);
      peer.send(Buffer.concat([commandPdu(1, storeRq(1)), dataPdu(1, Buffer.alloc(1_000), 0)]));
      await eventually('the first bytes', () => server.receiver.instances[0]?.parts.length === 1);

      leave(peer);
      await eventually('the end', () => server.receiver.settled.length === 1);

      assert.equal(server.receiver.instances[0]!.state, 'abandoned');
      assert.equal(server.receiver.settled[0]!.how, 'aborted');
      assert.equal(server.scp.associations, 0);
      peer.socket.destroy();
    });
  }

  test('answers leave as instances become durable, in any order, within the window granted  [PS3.7 §D.3.3.3]', async () => {
    server.receiver.outcome = undefined;
    const peer = await RawPeer.associate(server.port, { user: requestPdu({}, { asyncOperations: { invoked: 4, performed: 1 } }).user });

    for (const id of [1, 2, 3]) peer.send(Buffer.concat([commandPdu(1, storeRq(id)), dataPdu(1, Buffer.alloc(10))]));
    await eventually('three instances', () => server.receiver.instances.length === 3);
    for (const index of [2, 0, 1]) {
      server.receiver.instances[index]!.answer({ kind: 'stored' });
      assert.equal((await peer.nextCommand()).messageIdRespondedTo, index + 1);
    }
    peer.socket.destroy();
  });

  test('a message id that is still in use is answered 0210H, and the first operation goes on  [PS3.7 §C.5]', async () => {
    server.receiver.outcome = undefined;
    const peer = await RawPeer.associate(server.port, { user: requestPdu({}, { asyncOperations: { invoked: 4, performed: 1 } }).user });

    for (let turn = 0; turn < 2; turn += 1) peer.send(Buffer.concat([commandPdu(1, storeRq(1)), dataPdu(1, Buffer.alloc(10))]));
    assert.equal((await peer.nextCommand()).status, 0x0210);
    server.receiver.instances[0]!.answer({ kind: 'stored' });

    assert.equal((await peer.nextCommand()).status, 0);
    assert.equal(server.receiver.instances.length, 1);
    peer.socket.destroy();
  });

  test('a peer that asked for no window and sends ahead is slowed down, not refused', async () => {
    server.receiver.outcome = undefined;
    const peer = await RawPeer.associate(server.port);
    const count = 200;
    const size = 60_000;

    for (let id = 1; id <= count; id += 1) peer.send(Buffer.concat(Array.from({ length: 4 }, (_, part) => (part === 0 ? commandPdu(1, storeRq(id)) : dataPdu(1, Buffer.alloc(size / 3), part === 3 ? 2 : 0)))));
    await eventually('two instances', () => server.receiver.instances.length >= 2);
    // All of it would be 12 MB; some chunks of the socket may have been read before the stop.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(server.receiver.instances.length < 20, `${server.receiver.instances.length} instances were taken in`);

    const answering = new Set<number>();
    await eventually('all instances', () => {
      for (const [index, instance] of server.receiver.instances.entries()) {
        if (instance.state !== 'finished' || answering.has(index)) continue;
        answering.add(index);
        instance.answer({ kind: 'stored' });
      }
      return peer.pdus.length === count;
    });
    peer.socket.destroy();
  });

  test('back-pressure of the receiver reaches the sender’s socket', async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    server.receiver.pressure = () => gate;
    const peer = await RawPeer.associate(server.port);
    const parts = Array.from({ length: 600 }, (_, index) => dataPdu(1, Buffer.alloc(100_000, index), index === 599 ? 2 : 0));

    peer.send(commandPdu(1, storeRq(1)));
    for (const part of parts) peer.send(part);
    await eventually('the first bytes', () => server.receiver.instances.length === 1);
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(peer.socket.writableLength > 10_000_000, 'most of it still waits at the sender');
    assert.ok(server.receiver.bytesOf(0).length < 2_000_000);
    server.receiver.pressure = () => undefined;
    open();

    assert.equal((await peer.nextCommand()).status, 0);
    assert.equal(server.receiver.bytesOf(0).length, 60_000_000);
    peer.socket.destroy();
  });

  test('A-RELEASE-RP waits for the last answer and for the group to be settled', async () => {
    server.receiver.outcome = undefined;
    let settle = (): void => {};
    server.receiver.settling = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const peer = await RawPeer.associate(server.port);

    peer.send(Buffer.concat([commandPdu(1, storeRq(1)), dataPdu(1, Buffer.alloc(10)), releaseRq]));
    await eventually('the end of the instance', () => server.receiver.instances[0]?.state === 'finished');
    assert.equal(server.receiver.settled.length, 0);
    server.receiver.instances[0]!.answer({ kind: 'stored' });
    assert.equal((await peer.nextCommand()).status, 0);
    await eventually('settle', () => server.receiver.settled.length === 1);
    assert.deepEqual(peer.pdus, []);
    settle();

    assert.equal((await peer.next()).pduType, 6);
    assert.equal(server.receiver.settled[0]!.how, 'released');
    peer.socket.destroy();
  });

  test('an association that stores nothing opens no group', async () => {
    const peer = await RawPeer.associate(server.port);

    peer.send(Buffer.concat([commandPdu(3, echoRq(1)), releaseRq]));
    await peer.next();
    assert.equal((await peer.next()).pduType, 6);

    assert.deepEqual([server.receiver.groups, server.receiver.settled], [[], []]);
    peer.socket.destroy();
  });
});
