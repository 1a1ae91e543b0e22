import { createHash } from 'node:crypto';
import type { Clock } from '../../foundation/clock.ts';
import { delay } from '../../foundation/deadline.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import { raiseAlert } from '../../store/alert.ts';
import { quarantineDiffering, setDigest, undigestedInstances, type UndigestedInstance } from '../../store/content-digest.ts';
import type { Database } from '../../store/database.ts';
import { blobAddressOf } from '../../store/segments/blob-address.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';

export interface ContentDigestsOptions {
  readonly database: Database;
  readonly reader: SegmentReader;
  readonly clock: Clock;
  readonly log: Log;
  /** How long to wait when there is nothing to do; default 10,000 ms. */
  readonly idleMs?: number;
}

const BATCH = 50;
/** After each object the pass rests this many times as long as it worked: it has all day, images and models have not. */
const REST = 3;

/**
 * Fills the SHA-256 of what is stored, off the path of the images. A copy that had length and CRC-32 of the served content and differs
 * all the same is found here and goes to quarantine.
 */
export class ContentDigests {
  readonly name = 'content-digests';
  readonly #options: ContentDigestsOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: ContentDigestsOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    this.#running = this.#run();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** One pass over everything that has no digest. Rows whose bytes cannot be read are left out and logged; `store check` names them. */
  async pass(): Promise<number> {
    let digested = 0;
    for (let afterId = 0; !this.#stopping.signal.aborted; ) {
      const instances = await undigestedInstances(this.#options.database, afterId, BATCH);
      if (instances.length === 0) break;
      for (const instance of instances) {
        if (this.#stopping.signal.aborted) return digested;
        digested += await this.#digest(instance);
      }
      afterId = instances.at(-1)!.id;
    }
    return digested;
  }

  async #run(): Promise<void> {
    const { log, idleMs = 10_000 } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await this.pass().catch((thrown: unknown) => log.warn('content-digests.pass_failed', { code: asGatewayError(thrown).code }));
      await delay(idleMs, this.#stopping.signal).catch(() => undefined);
    }
  }

  async #digest(instance: UndigestedInstance): Promise<number> {
    const { database, reader, clock, log } = this.#options;
    const began = clock.monotonic();
    const hash = createHash('sha256');
    try {
      for await (const piece of reader.stream(blobAddressOf(instance))) hash.update(piece);
    } catch (thrown) {
      log.error('content-digests.unreadable', { sopInstanceUid: instance.sop_instance_uid, code: asGatewayError(thrown).code });
      return 0;
    }
    await setDigest(database, instance.id, hash.digest());
    await this.#compare(instance.sop_instance_uid);
    await delay((clock.monotonic() - began) * REST, this.#stopping.signal).catch(() => undefined);
    return 1;
  }

  async #compare(sopInstanceUid: string): Promise<void> {
    const { database, clock } = this.#options;
    await database.transaction(async (tx) => {
      for (const study of await quarantineDiffering(tx, sopInstanceUid)) {
        await raiseAlert(tx, {
          kind: 'DUPLICATE_OTHER_CONTENT', severity: 'warning', dedupeKey: `duplicate-other-content:${study}`, studyInstanceUid: study, at: new Date(clock.now()),
          message: 'an image came again under a known SOP Instance UID, with other content', advice: 'the first copy is served, the second is kept in quarantine; ask the sender which one is right, then release or discard it',
          detail: { sopInstanceUid },
        });
      }
    });
  }
}
