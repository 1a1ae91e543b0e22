import { systemClock } from '../../foundation/clock.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import { silentLog } from '../../foundation/log.ts';
import { openAssociation, type ClientAssociation } from '../../transport/dicom/association-client.ts';
import { UsageError } from './command-config.ts';
import { dataSetOf, findDicomFiles, type DicomFile } from './dicom-files.ts';
import { peerAddress, type PeerAddress } from './peer-address.ts';

export interface SendOptions {
  readonly to: string;
  readonly calling: string;
  readonly timeout: string;
}

/** PS3.8 §9.3.2.2: context ids are odd and fit one byte. */
const MOST_CONTEXTS = 128;

/**
 * `isocenter send FILE… --to AE@host:port`: C-STORE of files and folders, as they are, over as few associations as their SOP
 * classes and transfer syntaxes need. 0 = the peer stored all of them (warnings included), 1 = it did not.
 */
export async function send(names: readonly string[], options: SendOptions): Promise<number> {
  const peer = peerAddress(options.to);
  const timeoutMs = Number(options.timeout) * 1000;
  if (!(timeoutMs > 0)) throw new UsageError('--timeout must be a number of seconds');
  const { files, others } = await findDicomFiles(names);
  for (const file of others) console.error(`${file}: not a DICOM file, left out`);
  if (files.length === 0) throw new UsageError('there is nothing to send');
  const progress = new Progress(files.length);
  for (const batch of batches(files)) await sendBatch(batch, peer, { ...options, timeoutMs }, progress);
  return progress.finish();
}

/** Counts, and prints a line that stays in place on a terminal. */
class Progress {
  readonly #total: number;
  #stored = 0;
  #failed = 0;
  #lastPrinted = 0;

  constructor(total: number) {
    this.#total = total;
  }

  stored(): void {
    this.#stored += 1;
    this.#print();
  }

  failed(file: string, reason: string): void {
    this.#failed += 1;
    console.error(`${process.stdout.isTTY ? '\n' : ''}${file}: ${reason}`);
  }

  finish(): number {
    this.#print(true);
    return this.#failed === 0 && this.#stored === this.#total ? 0 : 1;
  }

  #print(last = false): void {
    const line = `sent ${this.#stored} of ${this.#total}${this.#failed > 0 ? `, ${this.#failed} failed` : ''}`;
    if (process.stdout.isTTY) process.stdout.write(`\r${line}${last ? '\n' : ''}`);
    else if (last || performance.now() - this.#lastPrinted > 200) console.log(line);
    this.#lastPrinted = last || performance.now() - this.#lastPrinted > 200 ? performance.now() : this.#lastPrinted;
  }
}

function kindOf(file: DicomFile): string {
  return `${file.sopClassUid} ${file.transferSyntaxUid}`;
}

/** Splits so that no batch needs more presentation contexts than an association can have. */
function batches(files: readonly DicomFile[]): DicomFile[][] {
  const result: DicomFile[][] = [];
  let kinds = new Set<string>();
  for (const file of files) {
    if (result.length === 0 || (!kinds.has(kindOf(file)) && kinds.size === MOST_CONTEXTS)) {
      result.push([]);
      kinds = new Set();
    }
    kinds.add(kindOf(file));
    result.at(-1)!.push(file);
  }
  return result;
}

async function sendBatch(files: readonly DicomFile[], peer: PeerAddress, options: { readonly calling: string; readonly timeoutMs: number }, progress: Progress): Promise<void> {
  const contexts = [...new Map(files.map((file) => [kindOf(file), { abstractSyntax: file.sopClassUid, transferSyntaxes: [file.transferSyntaxUid] }])).values()];
  const association = await openAssociation(
    { host: peer.host, port: peer.port, calledAe: peer.aeTitle, callingAe: options.calling, contexts, clock: systemClock, log: silentLog },
    AbortSignal.timeout(options.timeoutMs),
  );
  for (const file of files) {
    try {
      await sendFile(association, file, options.timeoutMs, progress);
    } catch (thrown) {
      progress.failed(file.file, asGatewayError(thrown).message);
      if (association.signal.aborted) return;
    }
  }
  await association.release(AbortSignal.timeout(options.timeoutMs));
}

async function sendFile(association: ClientAssociation, file: DicomFile, timeoutMs: number, progress: Progress): Promise<void> {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = file;
  const { status, command } = await association.cStore({ sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet: dataSetOf(file) }, AbortSignal.timeout(timeoutMs));
  // PS3.4 §B.2.3: 0000H success; Bxxx = stored with a warning.
  if (status === 0 || (status & 0xf000) === 0xb000) progress.stored();
  else progress.failed(file.file, `${status.toString(16).toUpperCase().padStart(4, '0')}H ${command.errorComment ?? ''}`.trim());
}
