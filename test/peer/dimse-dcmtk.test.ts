import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/foundation/clock.ts';
import { GatewayError } from '../../src/foundation/errors.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { echo } from '../../src/peers/dimse/echo.ts';
import { type OutgoingInstance, sendInstances } from '../../src/peers/dimse/send-instances.ts';
import { smallCt, type TestInstance } from '../support/dimse-instance.ts';
import { needsPeer } from '../support/peers.ts';
import { startScp, type TestScp } from '../support/dimse-scp.ts';
import { eventually, freePort, listening } from '../support/dimse-wait.ts';

interface Ran {
  readonly code: number;
  readonly output: string;
}

function run(program: string, ...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 30_000 }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }));
  });
}

const context = (): { clock: typeof systemClock; log: typeof silentLog; signal: AbortSignal } => ({ clock: systemClock, log: silentLog, signal: AbortSignal.timeout(20_000) });

suite('DCMTK calls us', () => {
  let server: TestScp;
  let folder: string;
  let instances: readonly TestInstance[];
  setup(async () => {
    server = await startScp();
    folder = mkdtempSync(path.join(tmpdir(), 'isocenter-dimse-'));
    instances = Array.from({ length: 5 }, (_, index) => smallCt(index, 20_000 + index * 2));
    for (const [index, instance] of instances.entries()) writeFileSync(path.join(folder, `${index}.dcm`), instance.file);
  });
  teardown(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  test('echoscu, 20 times on one association, and with 128 presentation contexts', async function () {
    needsPeer(this, 'echoscu');
    const target = ['-aec', 'ISOCENTER', '127.0.0.1', String(server.port)];

    assert.equal((await run('echoscu', '--repeat', '20', ...target)).code, 0);
    assert.equal((await run('echoscu', '-ppc', '128', '-pts', '38', ...target)).code, 0);
  });

  test('echoscu to a wrong title is told the truth', async function () {
    needsPeer(this, 'echoscu');

    const { code, output } = await run('echoscu', '-aec', 'NOBODY', '127.0.0.1', String(server.port));

    assert.notEqual(code, 0);
    assert.match(output, /Called AE Title Not Recognized/);
  });

  for (const pdu of [4_096, 16_384, 131_072]) {
    test(`storescu -pdu ${pdu} stores every instance byte for byte`, async function () {
      needsPeer(this, 'storescu');

      const { code, output } = await run('storescu', '-pdu', String(pdu), '--max-send-pdu', String(pdu), '-R', '-xe', '+sd', '-aec', 'ISOCENTER', '127.0.0.1', String(server.port), folder);

      assert.equal(code, 0, output);
      assert.equal(server.receiver.instances.length, 5);
      for (const [index, { arrival }] of server.receiver.instances.entries()) {
        const sent = instances.find((instance) => instance.sopInstanceUid === arrival.sopInstanceUid)!;
        assert.deepEqual(server.receiver.bytesOf(index), Buffer.from(sent.bytes));
        assert.equal(arrival.transferSyntaxUid, sent.transferSyntaxUid);
      }
      assert.deepEqual(server.receiver.settled.map((entry) => entry.how), ['released']);
    });
  }

  test('storescu --abort: what was answered is kept, the group is settled as aborted', async function () {
    needsPeer(this, 'storescu');

    await run('storescu', '--abort', '-R', '-xe', '+sd', '-aec', 'ISOCENTER', '127.0.0.1', String(server.port), folder);
    await eventually('the end', () => server.receiver.settled.length === 1);

    assert.equal(server.receiver.instances.filter((instance) => instance.state === 'finished').length, 5);
    assert.equal(server.receiver.settled[0]!.how, 'aborted');
  });

  test('storescu hears the status of a refusal', async function () {
    needsPeer(this, 'storescu');
    server.receiver.outcome = { kind: 'refused', reason: 'out-of-resources', comment: 'the store is full' };

    const { output } = await run('storescu', '-v', '-R', '-xe', '-aec', 'ISOCENTER', '127.0.0.1', String(server.port), path.join(folder, '0.dcm'));

    assert.match(output, /0xa700|Out ?of ?Resources/i);
  });
});

suite('we call DCMTK', () => {
  let folder: string;
  let port: number;
  let storescp: ChildProcess | undefined;

  const start = async (...args: readonly string[]): Promise<void> => {
    folder = mkdtempSync(path.join(tmpdir(), 'isocenter-dimse-'));
    port = await freePort();
    storescp = spawn('storescp', ['-od', folder, '-aet', 'DCMTK', ...args, String(port)], { stdio: 'ignore' });
    await listening(port);
  };
  teardown(() => {
    storescp?.kill();
    storescp = undefined;
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const peer = (): { host: string; port: number; aeTitle: string; callingAe: string } => ({ host: '127.0.0.1', port, aeTitle: 'DCMTK', callingAe: 'ISOCENTER' });

  test('C-ECHO is answered with success', async function () {
    needsPeer(this, 'storescp');
    await start();

    assert.equal(await echo(peer(), context()), 0);
  });

  for (const pdu of [4_096, 131_072]) {
    test(`instances arrive byte for byte, as bytes and as streams, in PDUs of at most ${pdu}`, async function () {
      needsPeer(this, 'storescp');
      // +B: write what came, bit by bit.
      await start('+B', '-pdu', String(pdu));
      const sent = Array.from({ length: 6 }, (_, index) => smallCt(index, 100_001 - index));
      const items = sent.map((instance, index): OutgoingInstance => (index % 2 === 0 ? instance : { ...instance, bytes: inChunks(instance.bytes, 1_000 * index + 1) }));
      const heard: number[] = [];

      const outcomes = await sendInstances(peer(), items, { ...context(), onOutcome: (_item, _outcome, index) => heard.push(index) });

      assert.deepEqual(outcomes, sent.map(() => ({ kind: 'answered', status: 0, comment: undefined })));
      assert.deepEqual(heard, [0, 1, 2, 3, 4, 5]);
      const files = readdirSync(folder).map((name) => readFileSync(path.join(folder, name)));
      assert.equal(files.length, 6);
      for (const { sopInstanceUid, bytes } of sent) {
        const file = files.find((candidate) => candidate.includes(sopInstanceUid));
        assert.ok(file?.subarray(-bytes.length).equals(bytes));
      }
    });
  }

  test('a transfer syntax the peer does not take is an outcome, and the others go on', async function () {
    needsPeer(this, 'storescp');
    await start();
    const htj2k = { ...smallCt(0, 1_000), transferSyntaxUid: '1.2.840.10008.1.2.4.201' };

    const outcomes = await sendInstances(peer(), [htj2k, smallCt(1, 1_000)], context());

    assert.deepEqual(outcomes[0], { kind: 'not-accepted' });
    assert.equal(outcomes[1]!.kind, 'answered');
  });

  test('a peer that refuses associations is an error that says so, transient or permanent as the peer said', async function () {
    needsPeer(this, 'storescp');
    await start('--refuse');

    await assert.rejects(echo(peer(), context()), (error: unknown) => error instanceof GatewayError && error.code === 'DIMSE_ASSOCIATION_REJECTED' && error.failure === 'permanent');
  });

  test('a peer that aborts in mid-instance leaves the instance unanswered; nothing hangs', async function () {
    needsPeer(this, 'storescp');
    await start('--abort-during');

    const outcomes = await sendInstances(peer(), Array.from({ length: 5 }, (_, index) => smallCt(index, 50_000)), context());

    assert.equal(outcomes.length, 5);
    assert.ok(outcomes.every(({ kind }) => kind === 'unanswered' || kind === 'not-sent'), JSON.stringify(outcomes));
  });
});

async function* inChunks(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await new Promise((resolve) => setImmediate(resolve));
    yield bytes.subarray(at, at + size);
  }
}
