import path from 'node:path';
import { GatewayError } from '../foundation/errors.ts';
import { SegmentWriter, type SegmentWriterOptions } from '../store/segments/segment-writer.ts';
import type { Component } from './component.ts';
import type { Config } from './config/load-config.ts';
import type { RoleContext } from './role-context.ts';

const MiB = 1 << 20;

/** The folder of all segments; each writing process has its own folder in it. */
export function segmentsFolder(dataDir: string): string {
  return path.join(dataDir, 'segments');
}

/** Where a writer puts its segments, and how large they are. */
export function segmentOptions(config: Config, writer: string): Pick<SegmentWriterOptions, 'folder' | 'writer' | 'segmentBytes' | 'lowBytes' | 'spareSegments' | 'memoryBytes' | 'requireDurable'> {
  return {
    folder: segmentsFolder(config.dataDir),
    writer,
    segmentBytes: config.storage.segmentMegabytes * MiB,
    lowBytes: config.storage.minFreeMegabytes * MiB,
    memoryBytes: config.storage.memoryMegabytes * MiB,
    requireDurable: config.storage.requireDurable,
    // Only the DICOM port must never wait for a fresh segment; the others take one when they need it.
    spareSegments: writer === 'intake' ? 2 : 0,
  };
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
    this.#writer = await SegmentWriter.open({
      ...segmentOptions(config, this.#writerName),
      clock,
      log,
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
