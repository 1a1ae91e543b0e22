import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import net from 'node:net';
import { createDimseSender } from '../../src/destinations/dimse-store/dimse-peers-sender.ts';
import { createDestination } from '../../src/destinations/registry.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { dicomPayload, tools } from '../contract/destination.contract.ts';
import { startScp } from '../support/dimse-scp.ts';

const BYTES_PER_SECOND = 125_000; // 1 Mbit/s
const INSTANCES = 30;

/** A line of 1 Mbit/s towards the peer that breaks after so many bytes of each connection; 0 = it no longer breaks. */
async function startSlowLine(targetPort: number, breaks: { afterBytes: number }): Promise<{ port: number; broken(): number; stop(): Promise<void> }> {
  let broken = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(targetPort, '127.0.0.1');
    let carried = 0;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => {
      carried += chunk.length;
      if (breaks.afterBytes > 0 && carried > breaks.afterBytes) {
        broken += 1;
        client.destroy();
        return;
      }
      client.pause();
      setTimeout(() => {
        upstream.write(chunk);
        client.resume();
      }, (chunk.length / BYTES_PER_SECOND) * 1_000);
    });
    upstream.on('data', (chunk) => client.write(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    broken: () => broken,
    stop: () => new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    }),
  };
}

suite('fault: a slow line that breaks', function () {
  this.timeout(120_000);

  test('over 1 Mbit/s that breaks every 250 kB a study arrives whole: what was answered is not sent again, the rest is', async () => {
    const peer = await startScp();
    const line = await startSlowLine(peer.port, { afterBytes: 250_000 });
    const dimse = createDimseSender({ peer: (aeTitle) => ({ aeTitle, host: '127.0.0.1', port: line.port, callingAe: 'TEST' }), clock: systemClock, log: silentLog });
    const destination = createDestination({ name: 'far', kind: 'dimse-store', peer: 'ISOCENTER', timeoutSeconds: 20 } as never, { ...tools, dimse });
    const all = Array.from({ length: INSTANCES }, (_, index) => dicomPayload(index, 30_000));
    let open = all;
    let rounds = 0;
    try {
      while (open.length > 0 && rounds < 20) {
        rounds += 1;
        const asked = open;
        const outcomes = await destination.deliver(asked, new AbortController().signal);
        assert.ok(outcomes.every((outcome) => outcome.kind === 'delivered' || outcome.failure !== 'permanent'), JSON.stringify(outcomes));
        open = asked.filter((_payload, index) => outcomes[index]?.kind !== 'delivered');
        assert.ok(open.length < asked.length, 'a round brought nothing forward');
      }

      const held = peer.receiver.instances.filter((instance) => instance.state === 'finished').map((instance) => instance.arrival.sopInstanceUid);
      assert.deepEqual([...new Set(held)].sort(), all.map((payload) => payload.sopInstanceUid).sort());
      assert.ok(line.broken() >= 2, `the line broke ${line.broken()} times`);
      // Of each break at most the one instance whose answer was under way is there twice.
      assert.ok(held.length - INSTANCES <= line.broken(), `${held.length - INSTANCES} repeats`);
    } finally {
      await destination.close();
      await line.stop();
      await peer.stop();
    }
  });

  test('the same with 2 % of packets lost in a network namespace (tc netem)', function () {
    const allowed = spawnSync('unshare', ['-n', 'sh', '-c', 'ip link set lo up && tc qdisc add dev lo root netem rate 1mbit loss 2%'], { encoding: 'utf8' });
    if (allowed.status !== 0) {
      console.log(`      skipped: no netem here (${(allowed.stderr || (allowed.error?.message ?? '')).trim().split('\n').at(-1)})`);
      this.skip();
    }
    // This very file again, its first test alone, inside the namespace: every segment of both directions may be lost there.
    const mocha = spawnSync('unshare', ['-n', 'sh', '-c', `ip link set lo up && tc qdisc add dev lo root netem rate 1mbit loss 2% && exec npx mocha --grep "breaks every" ${import.meta.filename}`], { encoding: 'utf8', timeout: 110_000 });
    assert.equal(mocha.status, 0, mocha.stdout);
  });
});
