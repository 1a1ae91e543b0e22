import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Found {
  readonly acknowledged: number;
  readonly instances: number;
  readonly lost: number;
  readonly twice: number;
  readonly half: number;
  readonly quarantined: number;
  readonly miscounted: number;
}

/** The harness runs as a program of its own, as anyone can run it: `node test/fault/run.mjs`. */
async function harness<T>(...parameters: readonly string[]): Promise<T> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./run.mjs', import.meta.url)), '--quiet', ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  return JSON.parse(text) as T;
}

const nothingWrong = { lost: 0, twice: 0, half: 0, quarantined: 0, miscounted: 0 };

function faultsOf({ lost, twice, half, quarantined, miscounted }: Found): typeof nothingWrong {
  return { lost, twice, half, quarantined, miscounted };
}

suite('crashes', function () {
  this.timeout(240_000);

  test('kill -9 in the middle of 500 instances: every acknowledged one is there byte for byte, none half, and the rest can follow', async () => {
    const outcome = await harness<Found & { acknowledgedAtKill: number; afterKill: Found }>('--five-hundred');

    assert.ok(outcome.acknowledgedAtKill >= 150 && outcome.acknowledgedAtKill < 500);
    assert.deepEqual(faultsOf(outcome.afterKill), nothingWrong);
    assert.deepEqual(faultsOf(outcome), nothingWrong);
    assert.deepEqual([outcome.acknowledged, outcome.instances], [500, 500]);
  });

  test('intake, PostgreSQL and both are killed at random under load: nothing acknowledged is lost, doubled or half', async () => {
    const outcome = await harness<Found>('--kills', '5', '--seed', String(1 + (Date.now() % 1_000)));

    assert.deepEqual(faultsOf(outcome), nothingWrong);
    assert.equal(outcome.instances, outcome.acknowledged);
  });
});
