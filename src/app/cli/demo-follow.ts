import { GatewayError } from '../../foundation/errors.ts';
import type { Database } from '../../store/database.ts';
import { hopsOfStudy, type Hop } from '../../store/hop.ts';
import { jobsOfStudy } from '../../store/inference-job.ts';
import { deliveriesOfStudy } from '../../store/overview.ts';
import { ruleDecisionsOfStudy } from '../../store/rule-decision.ts';
import { pause } from '../pause.ts';
import { describeDecision } from './explain.ts';
import type { DemoScreen } from './demo-screen.ts';

/** What each hop of ARCHITECTURE §4 means, for people. */
const meanings: Readonly<Record<number, string>> = {
  1: 'TCP connection accepted',
  2: 'bytes read as PDUs',
  3: 'association state machine ran',
  4: 'caller admitted, presentation contexts agreed',
  5: 'C-STORE messages assembled',
  6: 'data sets streamed into a segment',
  7: 'durable, acknowledged, indexed',
  8: 'study complete, rules applied',
  9: 'job claimed by a worker',
  10: 'model ran in its own process',
  11: 'SR, SEG and FHIR report written',
  12: 'objects delivered to',
  13: 'report delivered to',
};

export const ALL_HOPS = Object.keys(meanings).map(Number);

const POLL_MS = 150;

/**
 * Prints the hops of a study as their rows appear, until all thirteen have happened and nothing waits any more.
 * Errors: DEMO_FAILED with the reason when a job or delivery failed, or when a hop is missing after `deadlineMs`.
 */
export async function followStudy(database: Database, studyInstanceUid: string, screen: DemoScreen, deadlineMs: number): Promise<void> {
  const printed = new Set<string>();
  const seen = new Set<number>();
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    for (const hop of await hopsOfStudy(database, studyInstanceUid)) {
      const key = `${hop.hop} ${hop.event} ${hop.hop >= 8 ? (hop.subject ?? '') : ''}`;
      if (printed.has(key)) continue;
      printed.add(key);
      seen.add(hop.hop);
      screen.line(describe(hop), hop.at.getTime());
    }
    const open = await whatIsOpen(database, studyInstanceUid, screen);
    if (open === 'no-run' && seen.has(8)) throw new GatewayError('DEMO_FAILED', `no model runs: ${await whyNot(database, studyInstanceUid)}`, { failure: 'permanent' });
    const missing = ALL_HOPS.filter((hop) => !seen.has(hop));
    if (missing.length === 0 && open === 'nothing') return;
    if (performance.now() > giveUpAt) {
      throw new GatewayError('DEMO_FAILED', missing.length > 0 ? `hop ${missing.join(', ')} did not happen within ${deadlineMs / 1000} s` : 'a delivery still waits', { failure: 'permanent' });
    }
    await pause(POLL_MS);
  }
}

async function whyNot(database: Database, studyInstanceUid: string): Promise<string> {
  return (await ruleDecisionsOfStudy(database, studyInstanceUid)).flatMap(describeDecision).map((line) => line.trim()).join('; ');
}

/** Whether a job or delivery is under way; shows how far the model is. */
async function whatIsOpen(database: Database, studyInstanceUid: string, screen: DemoScreen): Promise<'no-run' | 'something' | 'nothing'> {
  const jobs = await jobsOfStudy(database, studyInstanceUid);
  for (const job of jobs) {
    if (['failed', 'held', 'cancelled'].includes(job.state)) throw new GatewayError('DEMO_FAILED', `the run of ${job.model_id} is ${job.state}: ${JSON.stringify(job.failure)}`, { failure: 'permanent' });
    if (job.state === 'running') screen.progress(`         ${job.model_id}: ${job.progress_note ?? 'running'} ${Math.round(job.progress * 100)} %`);
  }
  const deliveries = await deliveriesOfStudy(database, studyInstanceUid, 100);
  const bad = deliveries.find((delivery) => ['dead', 'held', 'cancelled'].includes(delivery.state));
  if (bad !== undefined) throw new GatewayError('DEMO_FAILED', `delivery to ${bad.destination} is ${bad.state}: ${bad.waiting_for ?? ''}`, { failure: 'permanent' });
  if (jobs.length === 0) return 'no-run';
  return jobs.some((job) => job.state !== 'done') || deliveries.some((delivery) => !['delivered', 'proven'].includes(delivery.state)) ? 'something' : 'nothing';
}

function describe(hop: Hop): string {
  const { model, findings, outcome } = hop.detail ?? {};
  const facts = hop.hop === 10 ? [model, outcome, `${String(findings)} findings`] : hop.hop >= 12 ? [hop.subject] : [];
  const said = facts.filter((fact) => fact !== undefined).map(String).join(', ');
  return `hop ${String(hop.hop).padStart(2)}  ${meanings[hop.hop] ?? ''}${said === '' ? '' : `${hop.hop >= 12 ? ' ' : ': '}${said}`}  [${hop.event}]`;
}
