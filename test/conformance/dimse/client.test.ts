import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '../../../src/foundation/clock.ts';
import { GatewayError } from '../../../src/foundation/errors.ts';
import { silentLog } from '../../../src/foundation/log.ts';
import { echo } from '../../../src/peers/dimse/echo.ts';
import { type OutgoingInstance, sendInstances } from '../../../src/peers/dimse/send-instances.ts';
import { encodePdu } from '../../../src/standards/upper-layer/pdu-encoder.ts';
import { type AssociationRequest, openAssociation } from '../../../src/transport/dicom/association-client.ts';
import { ctStorage, explicitLe, implicitLe, requestPdu, verification } from '../../support/dimse-raw-peer.ts';
import { startScp, type TestScp } from '../../support/dimse-scp.ts';
import { eventually } from '../../support/dimse-wait.ts';

const soon = (): AbortSignal => AbortSignal.timeout(10_000);
const context = { clock: systemClock, log: silentLog, signal: new AbortController().signal };
const isError = (code: string, failure: string) => (error: unknown) => error instanceof GatewayError && error.code === code && error.failure === failure;

function instance(number: number, bytes: OutgoingInstance['bytes'], fields: Partial<OutgoingInstance> = {}): OutgoingInstance {
  return { sopClassUid: ctStorage, sopInstanceUid: `1.2.3.${number}`, transferSyntaxUid: explicitLe, bytes, ...fields };
}

suite('association client', () => {
  let server: TestScp;
  teardown(() => server.stop());

  const target = (): { host: string; port: number; aeTitle: string; callingAe: string } => ({ host: '127.0.0.1', port: server.port, aeTitle: 'ISOCENTER', callingAe: 'CLIENT' });
  const request = (fields: Partial<AssociationRequest> = {}): AssociationRequest => ({
    host: '127.0.0.1',
    port: server.port,
    calledAe: 'ISOCENTER',
    callingAe: 'CLIENT',
    contexts: [{ abstractSyntax: ctStorage, transferSyntaxes: [explicitLe] }, { abstractSyntax: verification, transferSyntaxes: [implicitLe] }],
    clock: systemClock,
    log: silentLog,
    ...fields,
  });

  for (const maxPduLength of [64, 4_096, 131_072]) {
    test(`instances go out byte for byte, in P-DATA-TF of at most ${maxPduLength} bytes when the peer takes no more  [PS3.8 §D.1]`, async () => {
      server = await startScp({ limits: { maxPduLength } });
      const sizes = [1, maxPduLength - 6, maxPduLength, 100_000];
      const sent = sizes.map((size) => randomBytes(size));

      const outcomes = await sendInstances(target(), sent.map((bytes, index) => instance(index, bytes)), context);

      assert.deepEqual(outcomes.map((outcome) => outcome.kind === 'answered' && outcome.status), [0, 0, 0, 0]);
      for (const [index, bytes] of sent.entries()) assert.deepEqual(server.receiver.bytesOf(index), bytes);
      assert.deepEqual(server.receiver.settled.map((entry) => entry.how), ['released']);
    });
  }

  test('more than 128 combinations of SOP class and transfer syntax go out on several associations', async () => {
    server = await startScp();
    const items = Array.from({ length: 200 }, (_, index) => instance(index, Buffer.from('data'), { sopClassUid: `1.2.840.10008.5.1.4.1.1.9000.${index}` }));

    const outcomes = await sendInstances(target(), items, context);

    assert.ok(outcomes.every((outcome) => outcome.kind === 'answered' && outcome.status === 0));
    assert.equal(server.receiver.instances.length, 200);
    assert.ok(server.receiver.groups.length >= 2);
  });

  test('one kind of instance needs one association, however many there are', async () => {
    server = await startScp();

    await sendInstances(target(), Array.from({ length: 300 }, (_, index) => instance(index, Buffer.from('data'))), context);

    assert.equal(server.events.filter((event) => event.kind === 'association-opened').length, 1);
  });

  test('within a window several instances are under way at a time  [PS3.7 §D.3.3.3]', async () => {
    server = await startScp();
    server.receiver.outcome = undefined;

    const sending = sendInstances(target(), Array.from({ length: 6 }, (_, index) => instance(index, Buffer.from('data'))), { ...context, asyncOperations: { invoked: 6, performed: 1 } });
    await eventually('six instances', () => server.receiver.instances.filter(({ state }) => state === 'finished').length === 6);
    for (const received of server.receiver.instances.toReversed()) received.answer({ kind: 'stored' });

    assert.equal((await sending).length, 6);
  });

  test('a refusal is an outcome with its status and comment', async () => {
    server = await startScp();
    server.receiver.outcome = { kind: 'refused', reason: 'cannot-understand', comment: 'truncated' };

    assert.deepEqual(await sendInstances(target(), [instance(1, Buffer.from('data'))], context), [{ kind: 'answered', status: 0xc000, comment: 'truncated' }]);
  });

  test('a context the peer does not grant is an outcome, before a byte is sent', async () => {
    server = await startScp();

    assert.deepEqual(await sendInstances(target(), [instance(1, Buffer.from('data'), { transferSyntaxUid: '1.2.3.4.5' })], context), [{ kind: 'not-accepted' }]);
    const association = await openAssociation(request(), soon());
    await assert.rejects(association.cStore({ sopClassUid: '1.2.3', sopInstanceUid: '1.2', transferSyntaxUid: explicitLe, dataSet: Buffer.alloc(2) }, soon()), isError('DIMSE_NO_CONTEXT', 'permanent'));
    await association.release(soon());
  });

  test('a data set that cannot be read to its end aborts: half an instance is never completed', async () => {
    server = await startScp();
    async function* broken(): AsyncIterable<Uint8Array> {
      yield Buffer.alloc(100_000);
      await Promise.resolve();
      throw new Error('disk');
    }

    const outcomes = await sendInstances(target(), [instance(1, broken()), instance(2, Buffer.from('data'))], context);
    await eventually('the first group to end', () => server.receiver.settled.length === 2);

    assert.deepEqual(outcomes.map((outcome) => outcome.kind), ['unanswered', 'answered']);
    assert.equal(server.receiver.instances[0]!.state, 'abandoned');
  });

  test('an instance that is not answered in time is ambiguous, and the association is aborted', async () => {
    server = await startScp();
    server.receiver.outcome = undefined;
    const association = await openAssociation(request(), soon());

    await assert.rejects(association.cStore({ sopClassUid: ctStorage, sopInstanceUid: '1.2', transferSyntaxUid: explicitLe, dataSet: Buffer.alloc(2) }, AbortSignal.timeout(50)), isError('DIMSE_TIMEOUT', 'ambiguous'));

    assert.equal(association.signal.aborted, true);
    await eventually('the slot to be free', () => server.scp.associations === 0);
    await association.release(soon());
  });

  test('a rejected association says why, and whether trying again may help', async () => {
    server = await startScp({ limits: { maxAssociations: 1 } });
    const only = await openAssociation(request(), soon());

    await assert.rejects(openAssociation(request(), soon()), isError('DIMSE_ASSOCIATION_REJECTED', 'transient'));
    await assert.rejects(openAssociation(request({ calledAe: 'NOBODY' }), soon()), (error: unknown) => isError('DIMSE_ASSOCIATION_REJECTED', 'permanent')(error) && (error as GatewayError).context['reason'] === 7);
    await only.release(soon());
  });

  test('echoes are answered on one association after another, and at a time', async () => {
    server = await startScp();
    const association = await openAssociation(request({ asyncOperations: { invoked: 0, performed: 1 } }), soon());

    const statuses = await Promise.all(Array.from({ length: 20 }, () => association.cEcho(soon())));

    assert.deepEqual(new Set(statuses), new Set([0]));
    assert.equal(association.maxInvoked, 32);
    await association.release(soon());
    await assert.rejects(association.cEcho(soon()), isError('DIMSE_ASSOCIATION_LOST', 'transient'));
  });
});

suite('association client and peers that misbehave', () => {
  let listener: Server;
  let port: number;
  const sockets: Socket[] = [];

  const start = async (talk: (socket: Socket, chunk: Buffer, turn: number) => void): Promise<void> => {
    listener = createServer((socket) => {
      let turn = 0;
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (chunk) => talk(socket, chunk, (turn += 1)));
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    port = (listener.address() as { port: number }).port;
  };
  teardown(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  });

  const target = (): { host: string; port: number; aeTitle: string; callingAe: string } => ({ host: '127.0.0.1', port, aeTitle: 'PEER', callingAe: 'CLIENT' });
  const { contexts: _contexts, ...same } = requestPdu();
  const accept = encodePdu({ ...same, type: 'associate-ac', contexts: [{ id: 1, result: 0, transferSyntax: explicitLe }] });

  test('nobody listens: transient', async () => {
    await start(() => {});
    const closed = { ...target(), port: 1 };

    await assert.rejects(echo(closed, { ...context, signal: soon() }), isError('DIMSE_CONNECT_FAILED', 'transient'));
  });

  test('a peer that never answers the request: the deadline, transient', async () => {
    await start(() => {});

    await assert.rejects(echo(target(), { ...context, signal: AbortSignal.timeout(100) }), isError('DIMSE_TIMEOUT', 'transient'));
  });

  test('a peer that closes instead of answering: transient', async () => {
    await start((socket) => socket.end());

    await assert.rejects(echo(target(), { ...context, signal: soon() }), isError('DIMSE_ASSOCIATION_LOST', 'transient'));
  });

  test('a peer that answers rubbish: transient, and nothing hangs', async () => {
    await start((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));

    await assert.rejects(echo(target(), { ...context, signal: soon() }), isError('DIMSE_ASSOCIATION_LOST', 'transient'));
  });

  test('a peer that never answers the operation: the deadline, ambiguous', async () => {
    await start((socket, _chunk, turn) => void (turn === 1 && socket.write(accept)));

    await assert.rejects(echo(target(), { ...context, signal: AbortSignal.timeout(200) }), isError('DIMSE_TIMEOUT', 'ambiguous'));
  });

  test('a peer that closes in mid-operation: ambiguous', async () => {
    await start((socket, _chunk, turn) => (turn === 1 ? void socket.write(accept) : socket.destroy()));

    await assert.rejects(echo(target(), { ...context, signal: soon() }), isError('DIMSE_ASSOCIATION_LOST', 'ambiguous'));
  });

  test('a peer that ends every association is given up, and the rest is reported as not sent', async () => {
    let associations = 0;
    await start((socket, _chunk, turn) => {
      if (turn > 1) return socket.destroy();
      associations += 1;
      socket.write(encodePdu({ ...same, type: 'associate-ac', contexts: [{ id: 1, result: 0, transferSyntax: explicitLe }] }));
    });

    const outcomes = await sendInstances(target(), Array.from({ length: 10 }, (_, index) => instance(index, Buffer.alloc(1_000))), { ...context, signal: soon() });

    assert.deepEqual(outcomes.map((outcome) => outcome.kind), [...Array.from({ length: 3 }, () => 'unanswered'), ...Array.from({ length: 7 }, () => 'not-sent')]);
    assert.equal(associations, 3);
  });

  const open = (): ReturnType<typeof openAssociation> =>
    openAssociation({ host: '127.0.0.1', port, calledAe: 'PEER', callingAe: 'CLIENT', contexts: [{ abstractSyntax: verification, transferSyntaxes: [explicitLe] }], clock: systemClock, log: silentLog }, soon());

  test('a release the peer asks for is answered  [PS3.8 AR-2, AR-4]', async () => {
    const heard: number[] = [];
    await start((socket, chunk, turn) => {
      heard.push(chunk[0]!);
      if (turn === 1) socket.write(Buffer.concat([accept, encodePdu({ type: 'release-rq' })]));
      else socket.end();
    });

    const association = await open();
    await eventually('the answer', () => heard.length === 2);

    assert.deepEqual(heard, [1, 6]);
    assert.equal(association.signal.aborted, true);
  });

  test('a release collision is answered by the requestor at once, and ends with the answer of the peer  [PS3.8 AR-8, AR-9, AR-3]', async () => {
    const heard: number[] = [];
    await start((socket, chunk, turn) => {
      heard.push(chunk[0]!);
      socket.write([accept, encodePdu({ type: 'release-rq' }), encodePdu({ type: 'release-rp' })][turn - 1]!);
    });

    const association = await open();
    await association.release(soon());

    assert.deepEqual(heard, [1, 5, 6]);
    assert.equal(association.signal.aborted, true);
  });

  test('a peer that does not answer the release is left when the deadline comes', async () => {
    await start((socket, _chunk, turn) => void (turn === 1 && socket.write(accept)));
    const association = await open();

    await association.release(AbortSignal.timeout(50));

    assert.equal(association.signal.aborted, true);
  });
});
