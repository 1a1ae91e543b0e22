import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { asGatewayError, GatewayError } from '../../foundation/errors.ts';
import { Database } from '../../store/database.ts';
import { describeFault, loadConfig, type Config } from '../config/load-config.ts';
import { allRoles } from '../ipc.ts';
import { Supervisor } from '../supervisor.ts';
import { version } from '../version.ts';
import { checkAnswers } from './demo-answers.ts';
import { startDemoEhr, type DemoEhr } from './demo-ehr.ts';
import { followStudy } from './demo-follow.ts';
import { prepareDemo } from './demo-place.ts';
import { DemoScreen } from './demo-screen.ts';
import { runVerb } from './demo-sender.ts';
import { UsageError } from './command-config.ts';

export interface DemoOptions {
  readonly exit?: boolean;
  readonly seed: string;
  readonly slices: string;
}

const DEADLINE_MS = 600_000;

/**
 * `isocenter demo`: a whole gateway on this machine, a chest CT sent to it by a process of its own, every hop printed as it happens.
 * 0 = all thirteen hops happened and what they made can be queried; 1 = something failed, and it says what.
 */
export async function demo(options: DemoOptions): Promise<number> {
  if (!/^\d{1,9}$/.test(options.seed)) throw new UsageError('--seed must be a number');
  const interrupted = untilInterrupted();
  const screen = new DemoScreen();
  const ehr = await startDemoEhr();
  const place = await prepareDemo(ehr.url);
  const loaded = loadConfig({ file: place.configFile, environment: place.environment });
  if (!loaded.ok) throw new UsageError(loaded.fault.map(describeFault).join('\n'));
  const supervisor = new Supervisor({ config: loaded.value, roles: allRoles, environment: place.environment, logFile: path.join(place.dataDir, 'demo.log') });
  screen.plain(`isocenter ${version()} demo; data and log in ${place.dataDir}`);
  try {
    await supervisor.start();
    const code = await Promise.race([mainJob(loaded.value, supervisor, ehr, options, screen), interrupted.then(() => 130)]);
    if (code !== 130 && options.exit !== true) {
      screen.plain('The gateway goes on serving; end it with Ctrl-C.');
      await interrupted;
    }
    return code;
  } catch (thrown) {
    const error = asGatewayError(thrown);
    screen.line(`FAILED  ${error.code}: ${error.message}`);
    screen.plain(`The log of the gateway is ${path.join(place.dataDir, 'demo.log')}`);
    return 1;
  } finally {
    await supervisor.stop(10_000);
    ehr.close();
  }
}

async function mainJob(config: Config, supervisor: Supervisor, ehr: DemoEhr, options: DemoOptions, screen: DemoScreen): Promise<number> {
  const { dicom, http } = supervisor.addresses;
  if (dicom === undefined || http === undefined) throw new GatewayError('DEMO_FAILED', 'the gateway has no DICOM or HTTP listener', { failure: 'permanent' });
  screen.line(`database  ${supervisor.describeDatabase()}`);
  screen.line(`gateway   DICOM ${dicom}, page ${http}`);
  const database = new Database({ url: supervisor.databaseUrl, maxConnections: 2, applicationName: 'isocenter demo', onIdleError: () => undefined });
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-modality-'));
  try {
    const studyInstanceUid = await generateStudy(folder, options, screen);
    await Promise.all([
      runVerb(['send', path.join(folder, 'study'), '--to', dicom, '--calling', 'MODALITY'], (line) => screen.progress(`modality  ${line}`)),
      followStudy(database, studyInstanceUid, screen, DEADLINE_MS),
    ]);
    await checkAnswers({ database, config, http, studyInstanceUid, ehr }, screen);
    screen.line(`done; the page: ${http}?study=${studyInstanceUid}  (no login on loopback)`);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await database.close();
  }
}

/** The phantom comes from the modality's own process; its UIDs are new each time, so that every run is another study. */
async function generateStudy(folder: string, options: DemoOptions, screen: DemoScreen): Promise<string> {
  const out = path.join(folder, 'study');
  mkdirSync(out);
  screen.line('modality  acquires a chest CT phantom');
  let said = '';
  await runVerb(['generate', 'chest-ct', '--seed', options.seed, '--slices', options.slices, '--fresh-uids', '--out', out], (line) => (said = line));
  const match = /(\d+) instances of study ([\d.]+)/.exec(said);
  if (match === null) throw new GatewayError('DEMO_FAILED', 'the phantom was not generated', { failure: 'permanent' });
  rmSync(path.join(out, 'truth.json'), { force: true });
  screen.line(`modality  ${match[1]} slices, study ${match[2]}`);
  return match[2]!;
}

function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => resolve());
  });
}
