import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { eventually } from './eventually.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Gateway {
  readonly folder: string;
  readonly process: ChildProcess;
  /** `AE@host:port`. */
  readonly dicom: string;
  readonly dicomPort: number;
  /** With a slash at the end. */
  readonly http: string;
  readonly environment: NodeJS.ProcessEnv;
  /** All it has printed, log included. */
  output(): string;
  /** Runs another verb against this gateway; its exit code and what it printed. */
  verb(...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

export interface GatewayFolder {
  readonly folder: string;
  start(config?: object): Promise<Gateway>;
  remove(): void;
}

/** A temporary folder with isocenter.yaml in which the compiled gateway can be started, stopped, killed and started again. */
export function gatewayFolder(defaults: object): GatewayFolder {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-gateway-'));
  return {
    folder,
    start: (config) => startGateway(folder, config ?? defaults),
    remove: () => {
      const mark = path.join(folder, 'data', 'postgresql-folder');
      if (existsSync(mark)) rmSync(readFileSync(mark, 'utf8').trim(), { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startGateway(folder: string, config: object): Promise<Gateway> {
  const configFile = path.join(folder, 'isocenter.yaml');
  writeFileSync(configFile, stringify(config));
  const environment = {
    ...process.env,
    ISOCENTER_CONFIG: configFile,
    ISOCENTER_DIMSE_PORT: '0',
    ISOCENTER_HTTP_PORT: '0',
    ISOCENTER_HL7_PORT: '0',
  };
  const child = spawn(process.execPath, [main, 'start'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await eventually(() => /^ready$/m.test(text) || child.exitCode !== null, 60_000, 'the start of the gateway').catch(() => undefined);
  if (!/^ready$/m.test(text)) {
    child.kill('SIGTERM');
    throw new Error(`the gateway did not start:\n${text}`);
  }
  const dicom = /^ {2}dicom +(\S+)$/m.exec(text)?.[1] ?? '';
  return {
    folder,
    process: child,
    dicom,
    dicomPort: Number(dicom.split(':').at(-1)),
    http: /^ {2}http +(\S+)$/m.exec(text)?.[1] ?? '',
    environment,
    output: () => text,
    verb: (...args) => runVerb(args, environment),
    stop: async () => (await ended(child, 'SIGTERM')) as number | null,
    kill: async () => void (await ended(child, 'SIGKILL')),
  };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const gone = once(child, 'exit');
  child.kill(signal);
  return ((await gone) as unknown[])[0];
}

async function runVerb(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [main, ...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
