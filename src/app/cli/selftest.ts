import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isPhantomName, phantoms } from '../../phantoms/catalogue.ts';
import { studyLedger, type StudyLedger } from '../../stages/delivery/study-ledger.ts';
import type { Database } from '../../store/database.ts';
import { hopsOfStudy, type Hop } from '../../store/hop.ts';
import { jobsOfStudy, type Job } from '../../store/inference-job.ts';
import type { Config } from '../config/load-config.ts';
import { provingDestinations } from '../destinations.ts';
import { pause } from '../pause.ts';
import { UsageError } from './command-config.ts';
import { withGatewayDatabase } from './gateway-database.ts';
import { runVerb } from './demo-sender.ts';

export interface SelftestOptions {
  readonly config?: string;
  readonly timeout: string;
  readonly phantom: string;
  readonly slices: string;
  /** `AE@host:port`; the DICOM listener of the configuration unless told. */
  readonly to?: string;
  readonly calling: string;
}

const POLL_MS = 500;

/**
 * `isocenter selftest`: a phantom study with new UIDs goes into the running gateway over DICOM, and every step of its way is looked at:
 * received, complete, routed, run, results, each delivery. 0 = all of it happened and whatever must be proven is; 1 = not, and it says
 * what. Its results go where the rules send them: a rule on the calling AE can keep them away from a real EHR.
 */
export function selftest(options: SelftestOptions): Promise<number> {
  const { phantom } = options;
  const timeoutMs = Number(options.timeout) * 1_000;
  if (!isPhantomName(phantom)) throw new UsageError(`there is no phantom ${phantom}; there is ${Object.keys(phantoms).join(', ')}`);
  if (!(timeoutMs > 0)) throw new UsageError('--timeout must be a number of seconds');
  return withGatewayDatabase(options.config, async (database, config) => {
    const began = performance.now();
    const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-selftest-'));
    try {
      const study = path.join(folder, 'study');
      mkdirSync(study);
      let said = '';
      await runVerb(['generate', phantom, '--seed', '1', '--slices', options.slices, '--fresh-uids', '--out', study], (line) => (said = line));
      const match = /(\d+) instances of study ([\d.]+)/.exec(said);
      const uid = match?.[2] ?? '';
      rmSync(path.join(study, 'truth.json'), { force: true });
      const to = options.to ?? addressOf(config);
      await runVerb(['send', study, '--to', to, '--calling', options.calling], () => undefined);
      console.log(`ok    sent ${match?.[1]} instances of study ${uid} to ${to}, all acknowledged  ${seconds(began)}`);
      return await follow(database, config, { uid, sent: Number(match?.[1]), began, timeoutMs });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

interface Followed {
  readonly uid: string;
  readonly sent: number;
  readonly began: number;
  readonly timeoutMs: number;
}

interface Seen {
  readonly ledger: StudyLedger | undefined;
  readonly hops: readonly Hop[];
  readonly jobs: readonly Job[];
}

/** One step of the way: done (a sentence), failed (a sentence), or not yet. */
type Verdict = { readonly done: string } | { readonly failed: string } | { readonly waits: string };

async function follow(database: Database, config: Config, { uid, sent, began, timeoutMs }: Followed): Promise<number> {
  const proving = new Set(provingDestinations(config));
  const steps: readonly ((seen: Seen) => Verdict)[] = [(seen) => received(seen, sent), routed, ran, produced, (seen) => delivered(seen, proving)];
  let next = 0;
  for (;;) {
    const seen = { ledger: await studyLedger(database, uid, proving), hops: await hopsOfStudy(database, uid), jobs: await jobsOfStudy(database, uid) };
    let waits = '';
    while (next < steps.length) {
      const verdict = steps[next]!(seen);
      if ('failed' in verdict) return verdictOf(`FAIL  ${verdict.failed}`, began, 1);
      if ('waits' in verdict) {
        waits = verdict.waits;
        break;
      }
      console.log(`ok    ${verdict.done}  ${seconds(began)}`);
      next += 1;
    }
    if (next === steps.length) return verdictOf(`ok    the whole path works; isocenter ledger ${uid}`, began, 0);
    if (performance.now() - began > timeoutMs) return verdictOf(`FAIL  after ${timeoutMs / 1_000} s: ${waits}`, began, 1);
    await pause(POLL_MS);
  }
}

function received({ ledger }: Seen, sent: number): Verdict {
  const there = ledger?.objects.filter((object) => object.kind === 'original').length ?? 0;
  return there === sent ? { done: `${there} originals stored and indexed` } : { waits: `${there} of ${sent} originals are indexed` };
}

function routed({ ledger, hops, jobs }: Seen): Verdict {
  if (!hops.some((hop) => hop.hop === 8)) return { waits: `the study is ${ledger?.study.state ?? 'unknown'}; rules were not asked yet` };
  return jobs.length === 0 ? { failed: 'the study is complete and no rule runs a model on it: isocenter explain says why' } : { done: `complete; rules run ${jobs.map((job) => job.model_id).join(', ')}` };
}

function ran({ jobs }: Seen): Verdict {
  const bad = jobs.find((job) => ['failed', 'cancelled', 'held'].includes(job.state));
  if (bad !== undefined) return { failed: `${bad.model_id} is ${bad.state}: ${bad.failure?.code ?? ''} ${bad.failure?.message ?? ''}`.trim() };
  const open = jobs.find((job) => job.state !== 'done');
  return open === undefined ? { done: `${jobs.length} runs done` } : { waits: `${open.model_id} is ${open.state}` };
}

function produced({ ledger }: Seen): Verdict {
  const results = ledger?.objects.filter((object) => object.kind === 'result') ?? [];
  const invalid = results.filter((object) => object.validated === false);
  if (invalid.length > 0) return { failed: `${invalid.map((object) => object.role).join(', ')} did not pass their check` };
  return results.length === 0 ? { failed: 'the run left no results' } : { done: `results ${results.map((object) => object.role).join(', ')}, checked` };
}

function delivered({ ledger }: Seen, proving: ReadonlySet<string>): Verdict {
  const deliveries = ledger?.objects.flatMap((object) => object.deliveries) ?? [];
  const bad = deliveries.find((delivery) => ['dead', 'held', 'cancelled'].includes(delivery.step));
  if (bad !== undefined) return { failed: `delivery to ${bad.destination} is ${bad.step}: ${bad.reason ?? ''}` };
  const open = deliveries.find((delivery) => delivery.step !== 'committed' && (delivery.step !== 'accepted' || proving.has(delivery.destination)));
  if (open !== undefined) return { waits: `${open.destination} is at '${open.step}'${open.reason === null ? '; its proof has not come' : `: ${open.reason}`}` };
  const sums = (ledger?.destinations ?? []).map(({ destination, steps }) => `${destination} (${Object.entries(steps).map(([step, count]) => `${count} ${step}`).join(', ')})`);
  return { done: sums.length === 0 ? 'no rule sends anything anywhere' : `delivered to ${sums.join(', ')}` };
}

function addressOf({ dimse }: Config): string {
  if (dimse.port === 0) throw new UsageError('the DICOM port is any free one: give --to AE@host:port');
  return `${dimse.aeTitle[0] ?? 'ISOCENTER'}@${dimse.host === '0.0.0.0' || dimse.host === '::' ? '127.0.0.1' : dimse.host}:${dimse.port}`;
}

function verdictOf(line: string, began: number, code: number): number {
  console.log(`${line}  ${seconds(began)}`);
  return code;
}

function seconds(began: number): string {
  return `${((performance.now() - began) / 1_000).toFixed(1)} s`;
}
