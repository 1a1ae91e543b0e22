import assert from 'node:assert/strict';
import fc from 'fast-check';
import { silentLog } from '../../../src/foundation/log.ts';
import { pduFixture } from '../../support/dimse-fixtures.ts';
import { associateRq, commandPdu, dataPdu, echoRq, pduOf, pdvOf, RawPeer, releaseRq, storeRq } from '../../support/dimse-raw-peer.ts';
import { startScp, type TestScp } from '../../support/dimse-scp.ts';
import { eventually } from '../../support/dimse-wait.ts';

suite('hostile streams', () => {
  let server: TestScp;
  const defects: unknown[] = [];
  setup(async () => {
    defects.length = 0;
    server = await startScp({ log: { ...silentLog, error: (event, fields) => defects.push([event, fields]) }, admission: { aeTitles: ['ISOCENTER', 'ANY-SCP'], acceptUnknownCallers: true, peers: [] }, times: { artimMs: 50, idleMs: 50, pduMs: 50 } });
  });
  teardown(async () => {
    await server.stop();
    assert.deepEqual(defects, []);
  });

  /** Sends, waits for the end of the connection, and says what was answered. */
  async function play(chunks: readonly Uint8Array[], connect = (port: number) => RawPeer.connect(port)): Promise<readonly number[]> {
    const peer = await connect(server.port);
    for (const chunk of chunks) {
      peer.send(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await peer.closed();
    return peer.pdus.map((pdu) => pdu.pduType);
  }

  async function isAlive(): Promise<void> {
    const peer = await RawPeer.associate(server.port);
    peer.send(commandPdu(3, echoRq(1)));
    assert.equal((await peer.nextCommand()).status, 0);
    peer.socket.destroy();
    await eventually('all slots to be free', () => server.scp.associations === 0);
  }

  const inPieces = (bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] => {
    const chunks: Uint8Array[] = [];
    for (let at = 0, index = 0; at < bytes.length; index += 1) {
      const size = sizes[index % sizes.length]!;
      chunks.push(bytes.subarray(at, at + size));
      at += size;
    }
    return chunks;
  };
  const sizes = fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 5 });

  test('random bytes end in A-ABORT or a close, and the server goes on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), sizes, async (bytes, pieces) => {
        const answers = await play(inPieces(bytes, pieces));
        assert.ok(answers.every((pduType) => pduType === 7), String(answers));
      }),
      { numRuns: 25 },
    );
    await isAlive();
  });

  test('a real association with bytes changed gets proper answers, an A-ABORT or a close, and leaves no slot taken', async () => {
    const real = pduFixture('dcmtk-store-requestor');
    const change = fc.record({ at: fc.nat(real.length - 1), to: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), sizes, async (changes, pieces) => {
        const bytes = Buffer.from(real);
        for (const { at, to } of changes) bytes[at] = to;
        const answers = await play(inPieces(bytes, pieces));
        assert.ok(answers.every((pduType) => [2, 3, 4, 6, 7].includes(pduType)), String(answers));
      }),
      { numRuns: 60 },
    );
    await isAlive();
    assert.ok(server.receiver.instances.every((instance) => instance.state !== 'coming'));
  });

  test('an established association fed with random PDUs ends in A-ABORT or goes on, never in silence with a slot taken', async () => {
    const pdv = fc.tuple(fc.constantFrom(1, 3, 5), fc.nat(3), fc.uint8Array({ maxLength: 60 })).map(([id, control, bytes]) => pdvOf(id, control, bytes));
    const pdu = fc.oneof(
      fc.array(pdv, { minLength: 1, maxLength: 3 }).map((pdvs) => pduOf(4, ...pdvs)),
      fc.tuple(fc.nat(9), fc.uint8Array({ maxLength: 90 })).map(([pduType, bytes]) => pduOf(pduType, bytes)),
      fc.constantFrom(commandPdu(1, storeRq(1)), dataPdu(1, Buffer.alloc(30)), commandPdu(3, echoRq(2)), Buffer.from(releaseRq), Buffer.from(associateRq())),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pdu, { minLength: 1, maxLength: 6 }), sizes, async (pdus, pieces) => {
        const answers = await play(inPieces(Buffer.concat(pdus), pieces), (port) => RawPeer.associate(port));
        assert.ok(answers.every((pduType) => [4, 6, 7].includes(pduType)), String(answers));
      }),
      { numRuns: 60 },
    );
    await isAlive();
  });

  for (const [what, bytes] of [
    ['an A-ASSOCIATE-RQ of 4 GB', Buffer.from([1, 0, 255, 255, 255, 255])],
    ['an item of 64 KB in a PDU of 68 bytes', pduOf(1, Buffer.alloc(68), Buffer.from([0x50, 0, 255, 255]))],
    ['10,000 empty items', pduOf(1, Buffer.alloc(68), Buffer.alloc(40_000))],
    ['a megabyte of zeros', Buffer.alloc(1_048_576)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a TLS ClientHello', Buffer.from('16030100a5010000a10303', 'hex')],
  ] as const) {
    test(`${what} ends the connection and nothing else`, async () => {
      const answers = await play([bytes]);

      assert.ok(answers.every((pduType) => pduType === 7 || pduType === 3), String(answers));
      await isAlive();
    });
  }

  test('a command set that never ends is aborted at its limit', async () => {
    const endless = Array.from({ length: 40 }, () => pduOf(4, pdvOf(1, 1, Buffer.alloc(4_000))));

    const answers = await play(endless, (port) => RawPeer.associate(port));

    assert.deepEqual(answers, [7]);
  });
});
