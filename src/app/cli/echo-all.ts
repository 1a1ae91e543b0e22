import { accessSync, constants, existsSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { request } from 'undici';
import type { DestinationConfig } from '../../destinations/registry.ts';
import { systemClock } from '../../foundation/clock.ts';
import { asGatewayError, GatewayError } from '../../foundation/errors.ts';
import { silentLog } from '../../foundation/log.ts';
import { echo } from '../../peers/dimse/echo.ts';
import { probeStorage } from '../../peers/dimse/probe-storage.ts';
import { authorization, createAgent, type HttpPeer } from '../../peers/http-agent.ts';
import { statusText } from '../../standards/dimse/statuses.ts';
import { storageCommitmentPush } from '../../standards/dimse/commitment-messages.ts';
import type { Config } from '../config/load-config.ts';
import { configuredPeer } from '../dimse-sender.ts';
import { commandConfig } from './command-config.ts';

const DEADLINE_MS = 10_000;

/** What came of asking one peer or destination; `fix` says what to do, empty when it is well. */
export interface EchoResult {
  readonly name: string;
  readonly said: string;
  readonly fix: string;
}

/** `isocenter echo --all`: every peer and destination of the configuration, with what to fix; 0 = all answer. */
export async function echoAll(options: { readonly config?: string }): Promise<number> {
  const results = await askEveryone(commandConfig(options.config));
  const width = Math.max(0, ...results.map((result) => result.name.length));
  for (const { name, said, fix } of results) console.log(`${fix === '' ? 'ok  ' : 'FAIL'}  ${name.padEnd(width)}  ${said}${fix === '' ? '' : `\n      ${''.padEnd(width)}  ${fix}`}`);
  if (results.length === 0) console.log('no peers and no destinations are configured');
  return results.every((result) => result.fix === '') ? 0 : 1;
}

/** All at once: one dead peer does not hold up the others. */
export function askEveryone(config: Config): Promise<readonly EchoResult[]> {
  return Promise.all([
    ...config.dimse.peers.map(({ aeTitle, host, port }) => asked(`peer ${aeTitle}`, `${host}:${port}`, () => askPeer(config, aeTitle))),
    ...config.destinations.map((entry) => asked(`destination ${entry.name}`, entry.kind, () => askDestination(config, entry))),
  ]);
}

async function asked(name: string, where: string, ask: () => Promise<string>): Promise<EchoResult> {
  const began = systemClock.monotonic();
  try {
    const said = await ask();
    return { name, said: `${where}: ${said} (${Math.round(systemClock.monotonic() - began)} ms)`, fix: '' };
  } catch (thrown) {
    const error = asGatewayError(thrown);
    return { name, said: `${where}: ${error.message}`, fix: adviceFor(error) };
  }
}

async function askPeer(config: Config, aeTitle: string): Promise<string> {
  const status = await echo(configuredPeer(config.dimse, aeTitle)!, { clock: systemClock, log: silentLog, signal: AbortSignal.timeout(DEADLINE_MS) });
  if (status !== 0) throw new GatewayError('ECHO_FAILED', `C-ECHO was answered ${statusText(status)}`, { failure: 'permanent' });
  return 'C-ECHO 0000';
}

function askDestination(config: Config, entry: DestinationConfig): Promise<string> {
  switch (entry.kind) {
    case 'dimse-store':
      return askStore(config, entry);
    case 'stow-rs':
      return askHttp(config, entry, `${entry.url}?limit=1`, 'application/dicom+json');
    case 'fhir':
      return askHttp(config, entry, `${entry.url.replace(/\/$/, '')}/metadata`, 'application/fhir+json');
    case 'hl7-oru':
      return askTcp(entry.host, entry.port);
    case 'folder':
      return askFolder(config, entry.path);
  }
}

/** What results need: an SR, a SEG, a picture; and the commitment, when deliveries are to be proven by it. */
const STORED: readonly (readonly [uid: string, name: string])[] = [
  ['1.2.840.10008.5.1.4.1.1.88.34', 'Comprehensive 3D SR'], ['1.2.840.10008.5.1.4.1.1.66.4', 'Segmentation'], ['1.2.840.10008.5.1.4.1.1.7', 'Secondary Capture'],
];

async function askStore(config: Config, entry: Extract<DestinationConfig, { kind: 'dimse-store' }>): Promise<string> {
  const wanted = [...STORED, ...(entry.storageCommitment ? [[storageCommitmentPush, 'Storage Commitment'] as const] : [])];
  const answers = await probeStorage(configuredPeer(config.dimse, entry.peer)!, wanted.map(([uid]) => uid), { clock: systemClock, log: silentLog, signal: AbortSignal.timeout(DEADLINE_MS) });
  const refused = wanted.filter(([uid]) => answers.some((answer) => answer.sopClassUid === uid && !answer.accepted)).map(([, name]) => name);
  if (refused.includes('Storage Commitment')) throw new GatewayError('COMMITMENT_REFUSED', 'it provides no Storage Commitment', { failure: 'permanent' });
  return refused.length === 0 ? `takes ${STORED.map(([, name]) => name).join(', ')}${entry.storageCommitment ? ', and commits' : ''}` : `reached; takes no ${refused.join(', no ')}`;
}

async function askHttp(config: Config, entry: HttpPeer, url: string, accept: string): Promise<string> {
  const base = config.file === null ? process.cwd() : path.dirname(config.file);
  const dispatcher = createAgent(entry, (file) => path.resolve(base, file));
  try {
    const headers = { ...authorization(entry, (variable) => process.env[variable]), accept };
    const { statusCode, body } = await request(url, { method: 'GET', headers, dispatcher, signal: AbortSignal.timeout(DEADLINE_MS) });
    await body.dump();
    if (statusCode >= 400) throw new GatewayError(`HTTP_${statusCode}`, `HTTP ${statusCode}`, { failure: 'permanent' });
    return `HTTP ${statusCode}`;
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw thrown;
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw new GatewayError(code ?? 'UNEXPECTED', `${code ?? 'no answer'}${message === '' ? '' : `: ${message}`}`, { failure: 'transient', cause: thrown });
  } finally {
    await dispatcher.destroy();
  }
}

function askTcp(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: DEADLINE_MS });
    const failed = (code: string): void => {
      socket.destroy();
      reject(new GatewayError(code, `no connection to ${host}:${port} (${code})`, { failure: 'transient' }));
    };
    socket.once('connect', () => {
      socket.destroy();
      resolve(`connected to ${host}:${port}`);
    });
    socket.once('timeout', () => failed('ETIMEDOUT'));
    socket.once('error', (error: NodeJS.ErrnoException) => failed(error.code ?? 'UNEXPECTED'));
  });
}

async function askFolder(config: Config, folder: string): Promise<string> {
  const absolute = path.resolve(config.file === null ? process.cwd() : path.dirname(config.file), folder);
  const there = existsSync(absolute) ? absolute : path.dirname(absolute);
  try {
    accessSync(there, constants.W_OK);
  } catch (thrown) {
    throw new GatewayError('EACCES', `${absolute} cannot be written to`, { failure: 'permanent', cause: thrown });
  }
  return `${absolute} can be written to`;
}

const NETWORK = 'Is it up? Are host and port right? Is there a firewall between?';
const TRUST = 'Certificates: does each side trust the authority of the other, and does the name in the certificate match the host?';

/** What a person should look at first. */
function adviceFor({ code, context, message }: GatewayError): string {
  if (code === 'DIMSE_CONNECT_FAILED' || /^E(CONNREFUSED|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN)|^UND_ERR_(CONNECT_TIMEOUT|SOCKET)|^UNEXPECTED$/.test(code)) return NETWORK;
  if (code === 'DIMSE_TLS_FAILED' || /CERT|TLS|SSL|SELF_SIGNED|ALTNAME/.test(code)) return TRUST;
  if (code === 'DIMSE_ASSOCIATION_REJECTED') return rejectionAdvice(Number(context['source']), Number(context['reason']));
  if (code === 'DIMSE_ASSOCIATION_LOST') return 'Something answers on this port and speaks no DICOM, or closes at once: TLS on one side only? An address list on its side?';
  if (code === 'DIMSE_TIMEOUT') return 'It takes the connection and says nothing. Does it hang, or is it no DICOM port?';
  if (code === 'DIMSE_NO_CONTEXT') return 'It does not provide Verification; images may still go there.';
  if (code === 'COMMITMENT_REFUSED') return 'Turn Storage Commitment on there, or set storageCommitment: false here.';
  if (code === 'HTTP_401' || code === 'HTTP_403') return 'It does not let us in: look at username, passwordEnv or bearerTokenEnv, and at our rights there.';
  if (code === 'HTTP_404' || code === 'HTTP_405') return 'The address is wrong: `url` must be that of the studies resource (stow-rs) or the FHIR base (fhir).';
  if (code === 'DESTINATION_SECRET_MISSING') return 'Set the environment variable that the configuration names.';
  if (code === 'EACCES') return 'Give the gateway’s user the right to write there, or name another folder.';
  return code.startsWith('HTTP_5') ? 'It is up and fails: its own log knows why.' : message;
}

/** PS3.8 Table 9-21. */
function rejectionAdvice(source: number, reason: number): string {
  if (source === 1 && reason === 7) return 'It does not know itself by this title: is `aeTitle` of the peer what is configured there?';
  if (source === 1 && reason === 3) return 'It does not know us: enter our AE title (dimse.aeTitle), and our address, on its side.';
  if (source === 3) return 'It is too busy just now; try again, or raise its limit of associations.';
  return 'Its own log knows why.';
}
