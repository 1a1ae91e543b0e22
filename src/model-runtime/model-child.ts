// The process that runs models: one per slot, forked by child-pool.ts. It may be killed at any time; nothing here must be finished.
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { systemClock } from '../foundation/clock.ts';
import { analyseSeries } from './analyse-series.ts';
import { packError, type ChildReport, type RunOrder } from './child-protocol.ts';
import { WarmModels } from './warm-models.ts';

let models: WarmModels | undefined;

process.on('message', (order: RunOrder) => void carryOut(order));
// The pool is gone: nobody wants the answer.
process.on('disconnect', () => process.exit(0));

yieldToOthers();
report({ kind: 'ready' });

async function carryOut(order: RunOrder): Promise<void> {
  try {
    models ??= new WarmModels(order.threads);
    const { model, network } = await models.get(order.folder, order.digest);
    const progress = { report: (p: Parameters<Parameters<typeof analyseSeries>[3]['progress']>[0]) => report({ kind: 'progress', run: order.run, progress: p, residentMiB: residentMiB() }) };
    const { analysis, timing } = await analyseSeries(model, network, order.series, { clock: systemClock, progress: progress.report });
    report({ kind: 'done', run: order.run, analysis, timing });
  } catch (thrown) {
    report({ kind: 'failed', run: order.run, error: packError(thrown) });
  }
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
