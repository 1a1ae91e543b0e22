import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MllpClient } from '../../../src/transport/mllp/mllp-client.ts';
import { FrameReader, frameMessage } from '../../../src/transport/mllp/mllp-framing.ts';
import { startMllpServer } from '../../support/mllp-server.ts';

const never = new AbortController().signal;
const message = (id: string): Buffer => Buffer.from(`MSH|^~\\&|A|B|C|D|1||ORU^R01|${id}|P|2.5.1\r`);

suite('MLLP', () => {
  test('messages come out whole however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string().map((text) => Buffer.from(text)), { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (messages, cuts) => {
        const stream = Buffer.concat(messages.map(frameMessage));
        const reader = new FrameReader(1_000_000);
        const seen: string[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = cuts[turn % cuts.length]!;
          const frames = reader.push(stream.subarray(at, at + size));
          if (frames !== 'overflow') seen.push(...frames.map((frame) => frame.toString()));
          at += size;
        }
        assert.deepEqual(seen, messages.map((one) => one.toString()));
      }),
    );
  });

  test('garbage between frames is passed over, a missing CR is tolerated, an endless message is not', () => {
    const reader = new FrameReader(10);

    assert.deepEqual(reader.push(Buffer.from('noise\u000babc\u001c\u000bdef\u001c\r')), [Buffer.from('abc'), Buffer.from('def')]);
    assert.equal(reader.push(Buffer.from(`\u000b${'x'.repeat(11)}`)), 'overflow');
  });

  test('one message is outstanding at a time, on one connection', async () => {
    const server = await startMllpServer();
    const client = new MllpClient({ host: '127.0.0.1', port: server.port, connectTimeoutMs: 5_000 });

    const answers = await Promise.all(['1', '2', '3'].map((id) => client.exchange(message(id), 5_000, never)));

    assert.deepEqual(answers.map((answer) => /MSA\|AA\|(\w+)/.exec(answer.toString())?.[1]), ['1', '2', '3']);
    assert.deepEqual(server.received, ['1', '2', '3']);
    client.close();
    await server.stop();
  });

  test('a silent peer is ambiguous, and its late answer is not taken for that of the next message', async () => {
    const server = await startMllpServer();
    server.answer = () => null;
    const client = new MllpClient({ host: '127.0.0.1', port: server.port, connectTimeoutMs: 5_000 });

    await assert.rejects(client.exchange(message('1'), 50, never), { code: 'MLLP_NO_ANSWER', failure: 'ambiguous' });
    server.answer = undefined;
    const answer = await client.exchange(message('2'), 5_000, never);

    assert.match(answer.toString(), /MSA\|AA\|2/);
    client.close();
    await server.stop();
  });

  test('nobody listening is transient; a connection that the peer closed while idle is made anew', async () => {
    const server = await startMllpServer();
    const client = new MllpClient({ host: '127.0.0.1', port: server.port, connectTimeoutMs: 5_000 });
    await client.exchange(message('1'), 5_000, never);
    await server.stop();

    await assert.rejects(client.exchange(message('2'), 5_000, never), (error: { code: string }) => ['MLLP_CONNECT_FAILED', 'MLLP_NO_ANSWER'].includes(error.code));
    await assert.rejects(client.exchange(message('2'), 5_000, never), { code: 'MLLP_CONNECT_FAILED', failure: 'transient' });

    client.close();
  });
});
