import { systemClock } from '../../foundation/clock.ts';
import { silentLog } from '../../foundation/log.ts';
import { sendInstances, type SendOutcome } from '../../peers/dimse/send-instances.ts';
import { UsageError } from './command-config.ts';
import { dataSetOf, findDicomFiles, type DicomFile } from './dicom-files.ts';
import { peerAddress } from './peer-address.ts';

export interface SendOptions {
  readonly to: string;
  readonly calling: string;
  readonly timeout: string;
}

/**
 * `isocenter send FILE… --to AE@host:port`: C-STORE of files and folders, as they are. 0 = the peer stored all of them (warnings
 * included), 1 = it did not.
 */
export async function send(names: readonly string[], options: SendOptions): Promise<number> {
  const peer = { ...peerAddress(options.to), callingAe: options.calling };
  const timeoutMs = Number(options.timeout) * 1000;
  if (!(timeoutMs > 0)) throw new UsageError('--timeout must be a number of seconds');
  const { files, others } = await findDicomFiles(names);
  for (const file of others) console.error(`${file}: not a DICOM file, left out`);
  if (files.length === 0) throw new UsageError('there is nothing to send');
  const progress = new Progress(files);
  const items = files.map((file) => ({ ...file, bytes: dataSetOf(file) }));
  await sendInstances(peer, items, {
    clock: systemClock,
    log: silentLog,
    signal: new AbortController().signal,
    timeoutMs,
    onOutcome: (_item, outcome, index) => progress.add(outcome, index),
  });
  return progress.finish();
}

const PRINT_EVERY_MS = 200;

/** Counts, and prints a line that stays in place on a terminal. */
class Progress {
  readonly #files: readonly DicomFile[];
  #stored = 0;
  #failed = 0;
  #printedAt = 0;

  constructor(files: readonly DicomFile[]) {
    this.#files = files;
  }

  add(outcome: SendOutcome, index: number): void {
    const reason = reasonAgainst(outcome);
    if (reason === undefined) this.#stored += 1;
    else {
      this.#failed += 1;
      console.error(`${process.stdout.isTTY ? '\n' : ''}${this.#files[index]?.file}: ${reason}`);
    }
    if (performance.now() - this.#printedAt > PRINT_EVERY_MS) this.#print('');
  }

  /** The exit code. */
  finish(): number {
    this.#print('\n');
    return this.#stored === this.#files.length ? 0 : 1;
  }

  #print(end: string): void {
    const line = `sent ${this.#stored} of ${this.#files.length}${this.#failed > 0 ? `, ${this.#failed} failed` : ''}`;
    process.stdout.write(process.stdout.isTTY ? `\r${line}${end}` : `${line}\n`);
    this.#printedAt = performance.now();
  }
}

/** PS3.4 §B.2.3: 0000H success; Bxxx = stored with a warning. Undefined = stored. */
function reasonAgainst(outcome: SendOutcome): string | undefined {
  switch (outcome.kind) {
    case 'answered': {
      const { status, comment } = outcome;
      const stored = status === 0 || (status & 0xf000) === 0xb000;
      return stored ? undefined : `${status.toString(16).toUpperCase().padStart(4, '0')}H ${comment ?? ''}`.trim();
    }
    case 'not-accepted':
      return 'the peer takes no instances of this SOP class in this transfer syntax';
    case 'not-sent':
    case 'unanswered':
      return outcome.message;
  }
}
