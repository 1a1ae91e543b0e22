import path from 'node:path';
import { GatewayError } from '../foundation/errors.ts';
import { SegmentWriter } from '../store/segments/segment-writer.ts';
import type { Component } from './component.ts';
import type { RoleContext } from './role-context.ts';

const MiB = 1 << 20;

/** The folder of all segments; each writing process has its own folder in it. */
export function segmentsFolder(dataDir: string): string {
  return path.join(dataDir, 'segments');
}

/** The segment writer of one process. What writes through it is listed after it. */
export class SegmentWriterComponent implements Component {
  readonly name = 'segment-writer';
  readonly #context: RoleContext;
  readonly #writerName: string;
  #writer: SegmentWriter | undefined;

  constructor(context: RoleContext, writerName: string) {
    this.#context = context;
    this.#writerName = writerName;
  }

  async start(): Promise<void> {
    const { config, clock, log } = this.#context;
    const { segmentMegabytes, minFreeMegabytes } = config.storage;
    this.#writer = await SegmentWriter.open({
      folder: segmentsFolder(config.dataDir),
      writer: this.#writerName,
      clock,
      log,
      segmentBytes: segmentMegabytes * MiB,
      lowBytes: minFreeMegabytes * MiB,
      // Only intake must never wait for a fresh segment.
      spareSegments: this.#writerName === 'intake' ? 2 : 0,
      onSpaceChange: (state, freeBytes) => log[state === 'ample' ? 'info' : 'error']('store.space', { writer: this.#writerName, state, freeBytes }),
    });
  }

  async stop(): Promise<void> {
    await this.#writer?.close();
  }

  get writer(): SegmentWriter {
    if (this.#writer === undefined) throw new GatewayError('STORE_LOCKED', 'the segment writer is not started', { failure: 'transient' });
    return this.#writer;
  }
}
