import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { DeliveryOutcome } from '../../domain/delivery.ts';
import { GatewayError } from '../../foundation/errors.ts';
import { isUid } from '../../foundation/uid.ts';
import { part10Header } from '../../standards/dicom/part10.ts';
import { destinationKind, destinationName } from '../destination-kind.ts';
import { fixedLadderShape } from '../ladder-options.ts';
import type { Payload } from '../destination.ts';

/**
 * Files under a folder: `<StudyInstanceUID>/<SOPInstanceUID>.dcm`, `<StudyInstanceUID>/<name>.json` and `.hl7`. A file appears complete or not
 * at all (written aside, synced, renamed, folder synced), so that whoever watches the folder never reads half of one; a repeat replaces
 * it by the same bytes.
 */
export const folder = destinationKind({
  kind: 'folder',
  schema: z.strictObject({
    name: destinationName,
    kind: z.literal('folder'),
    path: z.string().min(1).describe('Where the files go; made when missing'),
    ...fixedLadderShape,
    timeoutSeconds: z.number().min(1).max(3_600).default(60).describe('Longest wait for the file system, seconds'),
    concurrency: z.int().min(1).max(32).default(2).describe('Batches at one time'),
  }),
  mediaTypes: ['application/dicom', 'application/fhir+json', 'application/hl7-v2'],
  create: (config, tools) => {
    const root = tools.resolvePath(config.path);
    return {
      name: config.name,
      kind: config.kind,
      concurrency: config.concurrency,
      batchSize: 100,
      deliver: async (payloads, signal) => {
        const outcomes: DeliveryOutcome[] = [];
        for (const payload of payloads) outcomes.push(await writeOne(root, payload, signal));
        return outcomes;
      },
      close: () => Promise.resolve(),
    };
  },
});

async function writeOne(root: string, payload: Payload, signal: AbortSignal): Promise<DeliveryOutcome> {
  try {
    const file = targetOf(root, payload);
    await mkdir(path.dirname(file), { recursive: true });
    await writeAside(file, contentOf(payload), signal);
    return { kind: 'delivered', proven: true, status: 'written' };
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw thrown;
    const code = (thrown as { code?: unknown }).code;
    const status = typeof code === 'string' ? code : 'unknown';
    // A folder can be mounted, emptied or opened up; the file itself is never what is wrong.
    return { kind: 'failed', failure: 'transient', code: 'FOLDER_NOT_WRITABLE', message: `cannot be written to (${status})`, status, peerIsAtFault: true };
  }
}

async function writeAside(file: string, content: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  const aside = path.join(path.dirname(file), `.${randomBytes(8).toString('hex')}.part`);
  try {
    const handle = await open(aside, 'wx');
    try {
      for await (const piece of content) {
        signal.throwIfAborted();
        await handle.writeFile(piece);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, file);
    await syncFolder(path.dirname(file));
  } catch (thrown) {
    await rm(aside, { force: true });
    throw thrown;
  }
}

/** Makes the new name itself durable; Windows has no such call. */
async function syncFolder(folderPath: string): Promise<void> {
  const handle = await open(folderPath, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function targetOf(root: string, payload: Payload): string {
  const study = payload.studyInstanceUid;
  const name = payload.mediaType === 'application/dicom' ? payload.sopInstanceUid : payload.name;
  // UIDs come from outside; nothing but digits and dots may become a path.
  if (!isUid(study) || !/^[A-Za-z0-9][A-Za-z0-9.-]{0,127}$/.test(name)) throw new GatewayError('NAME_NOT_A_PATH', 'a UID is not one', { failure: 'permanent' });
  return path.join(root, study, `${name}.${extensions[payload.mediaType]}`);
}

const extensions = { 'application/dicom': 'dcm', 'application/fhir+json': 'json', 'application/hl7-v2': 'hl7' } as const;

async function* contentOf(payload: Payload): AsyncGenerator<Uint8Array, void, undefined> {
  if (payload.mediaType !== 'application/dicom') yield payload.bytes;
  else {
    yield part10Header(payload);
    yield* payload.dataSet();
  }
}
