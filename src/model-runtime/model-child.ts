// The process that runs models: one per slot, forked by child-pool.ts. It may be killed at any time; nothing here must be finished.
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { systemClock } from '../foundation/clock.ts';
import { analyseSeries } from './analyse-series.ts';
import { packError, type ChildReport, type RunAnswer, type RunOrder } from './child-protocol.ts';
import { runSelfTests } from './self-test.ts';
import { NO_TIME, type RunProgress, type SeriesInput } from './series-input.ts';
import { WarmModels, type WarmModel } from './warm-models.ts';

let models: WarmModels | undefined;

process.on('message', (order: RunOrder) => void carryOut(order));
// The pool is gone: nobody wants the answer.
process.on('disconnect', () => process.exit(0));

yieldToOthers();
report({ kind: 'ready' });

async function carryOut(order: RunOrder): Promise<void> {
  try {
    models ??= new WarmModels(order.threads);
    const warm = await models.get(order.folder, order.digest);
    const progress = (p: RunProgress) => report({ kind: 'progress', run: order.run, progress: p, residentMiB: residentMiB() });
    report({ kind: 'done', run: order.run, answer: order.series === null ? await testItself(warm, progress) : await analyse(warm, order.series, progress) });
  } catch (thrown) {
    report({ kind: 'failed', run: order.run, error: packError(thrown) });
  }
}

async function analyse({ model, network }: WarmModel, series: SeriesInput, progress: (progress: RunProgress) => void): Promise<RunAnswer> {
  const { analysis, timing, scores } = await analyseSeries(model, network, series, { clock: systemClock, progress });
  return { analysis, timing, scores, selfTests: [] };
}

async function testItself(warm: WarmModel, progress: (progress: RunProgress) => void): Promise<RunAnswer> {
  const selfTests = await runSelfTests(warm, systemClock, progress);
  return { analysis: null, timing: selfTests[0]?.timing ?? NO_TIME, scores: new Map(), selfTests };
}

function report(message: ChildReport): void {
  // The pool may have gone away while we computed; `disconnect` then ends this process.
  if (process.connected) process.send!(message, () => {});
}

function residentMiB(): number {
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}

/** Lowest priority and first choice of the kernel when memory runs out: intake must never suffer from a model. */
function yieldToOthers(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not permitted here, or not Linux: the model still runs.
  }
}
