import assert from 'node:assert/strict';
import { systemClock } from '../../../src/foundation/clock.ts';
import { GatewayError } from '../../../src/foundation/errors.ts';
import { silentLog } from '../../../src/foundation/log.ts';
import { ModelPool, type RunOptions } from '../../../src/model-runtime/child-pool.ts';
import type { SeriesInput } from '../../../src/model-runtime/series-input.ts';
import { onDisk, putModel, temporaryFolder, tinyChest } from '../../support/model-fixture.ts';
import { tinyDetector } from '../../support/tiny-onnx.ts';

suite('model-runtime/child-pool', () => {
  const { folder: modelsDir, drop: dropModels } = temporaryFolder();
  const { folder: imagesDir, drop: dropImages } = temporaryFolder();
  let pool: ModelPool;
  let series: SeriesInput;

  suiteSetup(async () => {
    series = onDisk(tinyChest(), imagesDir);
    putModel(modelsDir);
    putModel(modelsDir, { id: 'greedy', edit: (yaml) => yaml.replace('memoryMiB: 3072', 'memoryMiB: 64') });
    putModel(modelsDir, { id: 'renamed', weights: tinyDetector({ input: 'image' }) });
    putModel(modelsDir, { id: 'nonsense', weights: Buffer.from('no network') });
    pool = await ModelPool.start({ modelsDir, slots: 1, clock: systemClock, log: silentLog, threads: 1 });
  });
  suiteTeardown(async () => {
    await pool.stop();
    dropModels();
    dropImages();
  });

  const run = (jobKey: string, modelId = 'tiny-lung', options: Partial<RunOptions> = {}) => pool.run({ modelId, series, jobKey }, { signal: new AbortController().signal, ...options });

  function isCode(code: string, failure: string): (thrown: unknown) => boolean {
    return (thrown) => {
      assert.ok(thrown instanceof GatewayError, String(thrown));
      assert.deepEqual([thrown.code, thrown.failure], [code, failure]);
      return true;
    };
  }

  test('a run gives the analysis, tells its progress and leaves the child warm', async () => {
    const steps: string[] = [];
    let totalMs = 0;

    const analysis = await run('a', 'tiny-lung', { onProgress: (progress) => steps.push(progress.step), onTiming: (timing) => (totalMs = timing.totalMs) });
    const { pid } = pool.slots()[0]!;
    await run('b');

    assert.equal(analysis.outcome, 'findings');
    assert.ok(analysis.segments[0]!.frames[0]!.mask instanceof Uint8Array);
    assert.deepEqual([...new Set(steps)], ['reading', 'preparing', 'inferring', 'measuring']);
    assert.ok(totalMs > 0);
    assert.equal(pool.slots()[0]!.pid, pid);
  });

  test('a child that is killed in mid-run costs that attempt; the next has a new child', async () => {
    const killed = run('killed', 'tiny-lung', { onProgress: ({ step }) => step === 'preparing' && process.kill(pool.slots()[0]!.pid!, 'SIGKILL') });

    await assert.rejects(killed, isCode('MODEL_CHILD_DIED', 'transient'));
    assert.equal((await run('killed')).outcome, 'findings');
  });

  test('the same job that ends its child twice is poison and is not tried again', async () => {
    const kill = { onProgress: () => void process.kill(pool.slots()[0]!.pid!, 'SIGKILL') };

    await assert.rejects(run('poison', 'tiny-lung', kill), isCode('MODEL_CHILD_DIED', 'transient'));
    await assert.rejects(run('poison', 'tiny-lung', kill), isCode('MODEL_POISON_INPUT', 'permanent'));
    await assert.rejects(run('poison'), isCode('MODEL_POISON_INPUT', 'permanent'));
    assert.equal((await run('another')).outcome, 'findings');
  });

  test('a run that is late is killed', async () => {
    await assert.rejects(run('late', 'tiny-lung', { deadlineMs: 1 }), isCode('MODEL_DEADLINE', 'transient'));
  });

  test('a run that takes more memory than the manifest allows is killed', async () => {
    await assert.rejects(run('greedy', 'greedy'), isCode('MODEL_MEMORY_LIMIT', 'transient'));
  });

  test('an abort kills the child and rejects with the reason; it is no death of the job’s making', async () => {
    for (const round of [1, 2, 3]) {
      const stop = new AbortController();
      const reason = new Error(`round ${round}`);
      await assert.rejects(run('aborted', 'tiny-lung', { signal: stop.signal, onProgress: () => stop.abort(reason) }), reason);
    }
    assert.equal((await run('aborted')).outcome, 'findings');
  });

  test('runs wait for a free slot, and one that waits can be aborted', async () => {
    const stop = new AbortController();
    const first = run('first');
    const second = run('second', 'tiny-lung', { signal: stop.signal });
    const third = run('third');
    stop.abort(new Error('not needed'));

    await assert.rejects(second, /not needed/);
    assert.deepEqual((await Promise.all([first, third])).map((analysis) => analysis.outcome), ['findings', 'findings']);
    assert.equal(pool.slots()[0]!.busy, false);
  });

  test('weights that do not load, other tensor names and an unknown model are permanent, and the child lives on', async () => {
    await run('warm');
    const { pid } = pool.slots()[0]!;

    await assert.rejects(run('n', 'nonsense'), isCode('MODEL_LOAD_FAILED', 'permanent'));
    await assert.rejects(run('r', 'renamed'), isCode('MODEL_TENSOR_MISMATCH', 'permanent'));
    await assert.rejects(run('u', 'unknown'), isCode('MODEL_UNKNOWN', 'permanent'));
    assert.equal(pool.slots()[0]!.pid, pid);
  });

  test('bytes that are gone are a transient failure', async () => {
    const gone = { ...series, instances: series.instances.map((one) => ({ ...one, bytes: { path: '/nowhere/1', offset: 0, length: 10, form: 'data-set' as const } })) };

    await assert.rejects(pool.run({ modelId: 'tiny-lung', series: gone, jobKey: 'gone' }, { signal: new AbortController().signal }), isCode('MODEL_INPUT_UNREADABLE', 'transient'));
  });

  test('a job made for a model that has changed since is refused; a rescan takes the new one', async () => {
    const { digest } = pool.model('tiny-lung')!.identity;
    putModel(modelsDir, { edit: (yaml) => yaml.replace('version: 0.1.0', 'version: 0.2.0') });

    await pool.rescan();

    await assert.rejects(pool.run({ modelId: 'tiny-lung', digest, series, jobKey: 'old' }, { signal: new AbortController().signal }), isCode('MODEL_CHANGED', 'permanent'));
    assert.equal((await run('new')).model.version, '0.2.0');
  });

  test('stopping ends the run under way and the one that waits, and leaves no process', async () => {
    const ending = await ModelPool.start({ modelsDir, slots: 1, clock: systemClock, log: silentLog, threads: 1 });
    const signal = new AbortController().signal;
    let pid = 0;
    const begun = new Promise<void>((resolve) => {
      void ending.run({ modelId: 'tiny-lung', series, jobKey: '1' }, { signal, onProgress: () => resolve() }).catch((thrown: unknown) => ends.push(thrown));
    });
    const ends: unknown[] = [];
    const waiting = ending.run({ modelId: 'tiny-lung', series, jobKey: '2' }, { signal });
    await begun;
    pid = ending.slots()[0]!.pid!;

    await Promise.all([ending.stop(), assert.rejects(waiting, isCode('SHUTTING_DOWN', 'transient'))]);

    assert.ok(ends[0] instanceof GatewayError && ends[0].code === 'MODEL_CHILD_DIED');
    assert.throws(() => process.kill(pid, 0));
    await assert.rejects(ending.run({ modelId: 'tiny-lung', series, jobKey: '3' }, { signal }), isCode('SHUTTING_DOWN', 'transient'));
  });
});
