import assert from 'node:assert/strict';
import { encodePdu } from '../../../src/standards/upper-layer/pdu-encoder.ts';
import { abortPdu, associateRq, commandPdu, ctStorage, dataPdu, echoRq, explicitLe, implicitLe, pduOf, pdvOf, RawPeer, releaseRq, requestPdu, storeRq, verification } from '../../support/dimse-raw-peer.ts';
import { startScp, type TestScp } from '../../support/dimse-scp.ts';
import { eventually } from '../../support/dimse-wait.ts';

/** Type 7, source and reason. */
const aborted = (source: number, reason: number): { pduType: number; body: Buffer } => ({ pduType: 7, body: Buffer.from([0, 0, source, reason]) });
const rejected = (result: number, source: number, reason: number): { pduType: number; body: Buffer } => ({ pduType: 3, body: Buffer.from([0, result, source, reason]) });

suite('DICOM associations as a peer sees them', () => {
  let server: TestScp;
  setup(async () => {
    server = await startScp({ times: { artimMs: 300 } });
  });
  teardown(() => server.stop());

  test('C-ECHO is answered with success, A-RELEASE-RQ with A-RELEASE-RP  [PS3.4 Annex A; PS3.8 §7.2]', async () => {
    const peer = await RawPeer.associate(server.port);

    peer.send(commandPdu(3, echoRq(5)));
    assert.deepEqual(await peer.nextCommand(), { field: 0x8030, affectedSopClassUid: verification, messageIdRespondedTo: 5, hasDataSet: false, status: 0 });
    peer.send(releaseRq);
    assert.equal((await peer.next()).pduType, 6);
    peer.socket.end();
    await peer.closed();

    await eventually('the slot to be free', () => server.scp.associations === 0 && server.scp.connections === 0);
    assert.deepEqual(server.events.map((event) => event.kind), ['association-opened']);
  });

  test('A-ASSOCIATE-AC says who we are, our maximum, and sends the titles back  [PS3.8 §9.3.3, Annex D]', async () => {
    const peer = await RawPeer.connect(server.port);

    peer.send(associateRq());
    const { pduType, body } = await peer.next();

    assert.equal(pduType, 2);
    assert.equal(body.toString('latin1', 4, 36), 'ISOCENTER       TESTER          ');
    assert.ok(body.includes(Buffer.from([0x51, 0, 0, 4, 0, 2, 0, 0])));
    assert.ok(body.includes(Buffer.from('ISOCENTER_')));
    peer.socket.destroy();
  });

  for (const [what, bytes, answer] of [
    ['Sta2 + P-DATA-TF → AA-1: A-ABORT of the service user', pduOf(4, pdvOf(1, 3, Buffer.alloc(4))), aborted(0, 0)],
    ['Sta2 + A-RELEASE-RQ → AA-1', Buffer.from(releaseRq), aborted(0, 0)],
    ['Sta2 + unknown PDU → AA-1', pduOf(0x20, Buffer.alloc(4)), aborted(0, 0)],
    ['protocol version 2 → A-ASSOCIATE-RJ of the provider, reason 2', Buffer.from(associateRq({ protocolVersion: 2 })), rejected(1, 2, 2)],
    ['another application context → A-ASSOCIATE-RJ, reason 2', Buffer.from(associateRq({ applicationContext: '1.2.3' })), rejected(1, 1, 2)],
    ['a called AE that is not ours → A-ASSOCIATE-RJ, reason 7', Buffer.from(associateRq({ calledAe: 'NOBODY' })), rejected(1, 1, 7)],
  ] as const) {
    test(`${what}, and the connection ends with ARTIM  [PS3.8 Table 9-10, 9-21]`, async () => {
      const peer = await RawPeer.connect(server.port);

      peer.send(bytes);

      assert.deepEqual(await peer.next(), answer);
      await peer.closed();
    });
  }

  for (const [what, bytes, answer] of [
    ['Sta6 + A-ASSOCIATE-RQ → AA-8: A-ABORT of the provider, unexpected PDU', Buffer.from(associateRq()), aborted(2, 2)],
    ['Sta6 + A-RELEASE-RP → AA-8', Buffer.from(encodePdu({ type: 'release-rp' })), aborted(2, 2)],
    ['Sta6 + unknown PDU → AA-8, unrecognised PDU', pduOf(0x20, Buffer.alloc(4)), aborted(2, 1)],
    ['Sta6 + P-DATA-TF over the announced maximum → AA-8, invalid parameter value', Buffer.from([4, 0, 0, 2, 0, 1]), aborted(2, 6)],
    ['Sta6 + PDV that does not fit → AA-8, invalid parameter value', pduOf(4, Buffer.from([0, 0, 9, 9, 1, 3])), aborted(2, 6)],
    ['P-DATA on a context that was not accepted → A-ABORT', commandPdu(9, echoRq(1)), aborted(0, 0)],
    ['a data set without a command → A-ABORT', dataPdu(1, Buffer.from('abcd')), aborted(0, 0)],
    ['a command set that cannot be read → A-ABORT', pduOf(4, pdvOf(1, 3, Buffer.from('rubbish!'))), aborted(0, 0)],
  ] as const) {
    test(`${what}  [PS3.8 Table 9-10, 9-26]`, async () => {
      const peer = await RawPeer.associate(server.port);

      peer.send(bytes);

      assert.deepEqual(await peer.next(), answer);
      await peer.closed();
      assert.equal(server.scp.associations, 0);
      const event = server.events.at(-1)!;
      assert.ok(event.kind === 'association-aborted' && event.how === 'aborted-by-us' && event.detail.length > 5);
    });
  }

  test('what follows an abort in Sta13 is not looked at', async () => {
    const peer = await RawPeer.associate(server.port);

    peer.send(Buffer.concat([pduOf(0x20, Buffer.alloc(4)), commandPdu(3, echoRq(1)), pduOf(0x20, Buffer.alloc(4)), associateRq()]));

    assert.deepEqual(await peer.next(), aborted(2, 1));
    await peer.closed();
    assert.deepEqual(peer.pdus, []);
  });

  test('a connection that breaks the protocol before it asks for an association is reported, a silent one is not', async () => {
    const broken = await RawPeer.connect(server.port);
    broken.send(pduOf(0x20, Buffer.alloc(4)));
    const old = await RawPeer.connect(server.port);
    old.send(associateRq({ protocolVersion: 2 }));
    const silent = await RawPeer.connect(server.port);
    silent.socket.destroy();
    await Promise.all([broken.closed(), old.closed(), silent.closed()]);

    assert.deepEqual(server.events.map((event) => event.kind === 'connection-failed' && event.detail), ['PDU type 32', 'protocol-version-not-supported']);
  });

  test('a connection on which nothing comes is closed when ARTIM is over  [PS3.8 §9.1.5, AA-2]', async () => {
    const peer = await RawPeer.connect(server.port);

    await peer.closed();

    assert.deepEqual(peer.pdus, []);
  });

  test('A-ABORT of the peer closes the connection without an answer  [PS3.8 AA-3]', async () => {
    const peer = await RawPeer.associate(server.port);

    peer.send(abortPdu);
    await peer.closed();

    assert.deepEqual(peer.pdus, []);
    const event = server.events.at(-1)!;
    assert.equal(event.kind === 'association-aborted' && event.how, 'aborted-by-peer');
  });

  test('a service that throws costs its association and nothing else', async () => {
    server.receiver.pressure = () => {
      throw new Error('a mistake of ours');
    };
    const unlucky = await RawPeer.associate(server.port);
    const other = await RawPeer.associate(server.port);

    unlucky.send(Buffer.concat([commandPdu(1, storeRq(1)), dataPdu(1, Buffer.alloc(10))]));
    await unlucky.closed();
    other.send(commandPdu(3, echoRq(1)));

    assert.equal((await other.nextCommand()).status, 0);
    assert.equal(server.receiver.instances[0]!.state, 'abandoned');
    other.socket.destroy();
  });

  test('what follows A-ABORT in the same chunk is not looked at', async () => {
    for (const rest of [commandPdu(3, echoRq(1)), Buffer.from(releaseRq), pduOf(0x20, Buffer.alloc(4)), Buffer.from(associateRq())]) {
      const peer = await RawPeer.associate(server.port);
      peer.send(Buffer.concat([abortPdu, rest]));
      await peer.closed();
      assert.deepEqual(peer.pdus, []);
    }
  });

  test('contexts are answered one by one, storage in the sender’s own transfer syntax', async () => {
    const jpeg = '1.2.840.10008.1.2.4.70';
    const contexts = [
      { id: 1, abstractSyntax: ctStorage, transferSyntaxes: [implicitLe, jpeg, explicitLe] },
      { id: 3, abstractSyntax: '1.2.840.10008.5.1.4.31', transferSyntaxes: [implicitLe] },
      { id: 5, abstractSyntax: ctStorage, transferSyntaxes: ['1.2.3.4.5'] },
      { id: 7, abstractSyntax: '1.3.12.2.1107.5.9.1', transferSyntaxes: [explicitLe] },
    ];
    const peer = await RawPeer.connect(server.port);

    peer.send(associateRq({ contexts }));
    const { body } = await peer.next();

    const results = [1, 3, 5, 7].map((id) => resultOf(body, id));
    assert.deepEqual(results, [0, 3, 4, 0]);
    assert.ok(body.includes(Buffer.from(jpeg)));
    peer.socket.destroy();
  });

  test('extended negotiation, unknown sub-items and a user identity do not disturb  [PS3.7 §D.3.3]', async () => {
    const user = {
      asyncOperations: { invoked: 5, performed: 5 },
      extended: [{ sopClassUid: ctStorage, bytes: Uint8Array.of(2, 0, 3, 0, 1, 0) }],
      userIdentity: { kind: 1, responseRequested: false, primary: Buffer.from('someone'), secondary: new Uint8Array(0) },
      unknown: [{ itemType: 0x5e, bytes: Uint8Array.of(1) }],
    };
    const peer = await RawPeer.connect(server.port);

    peer.send(encodePdu(requestPdu({}, user)));
    const { pduType, body } = await peer.next();

    assert.equal(pduType, 2);
    assert.ok(body.includes(Buffer.from([0x53, 0, 0, 4, 0, 5, 0, 1])), 'the window is granted');
    peer.send(commandPdu(3, echoRq(1)));
    assert.equal((await peer.nextCommand()).status, 0);
    peer.socket.destroy();
  });

  test('an operation no service knows is answered 0211H, and the association goes on  [PS3.7 §C.5.24]', async () => {
    const peer = await RawPeer.associate(server.port);

    peer.send(Buffer.concat([commandPdu(3, { ...storeRq(1), hasDataSet: true }), dataPdu(3, Buffer.alloc(10))]));
    assert.equal((await peer.nextCommand()).status, 0x0211);
    peer.send(commandPdu(3, echoRq(2)));
    assert.equal((await peer.nextCommand()).status, 0);
    peer.socket.destroy();
  });
});

/** Result of a context in the body of an A-ASSOCIATE-AC. */
function resultOf(body: Buffer, id: number): number | undefined {
  let at = body.indexOf(Buffer.from([0x21, 0]));
  while (body[at] === 0x21 && body[at + 4] !== id) at += 4 + body.readUInt16BE(at + 2);
  return body[at + 6];
}
