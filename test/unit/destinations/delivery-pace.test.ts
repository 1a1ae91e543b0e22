import assert from 'node:assert/strict';
import { Pace } from '../../../src/destinations/pace.ts';

async function* pieces(count: number, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let i = 0; i < count; i += 1) yield new Uint8Array(size).fill(i);
}

suite('bandwidth of a destination', () => {
  test('bytes come through whole and in order, at the rate, over all exchanges together; a pause gives no credit', async () => {
    let now = 0;
    const pace = new Pace(800, { now: () => now, sleep: (ms) => Promise.resolve(void (now += ms)) }); // 100 bytes a millisecond
    const drain = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => {
      const taken: Uint8Array[] = [];
      for await (const piece of pace.through(source)) taken.push(piece);
      return Buffer.concat(taken);
    };

    const first = await drain(pieces(10, 50_000));
    const afterFirst = now;
    now += 1_000_000;
    await drain(pieces(2, 50_000));

    assert.equal(first.length, 500_000);
    assert.ok(first.subarray(450_000).every((byte) => byte === 9));
    // The last slice leaves when those before it have passed: 500 kB less one slice at 100 bytes/ms.
    assert.ok(afterFirst >= 4_800 && afterFirst <= 5_000, String(afterFirst));
    assert.ok(now - afterFirst - 1_000_000 >= 800, String(now));
  });
});
