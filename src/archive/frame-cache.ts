import { ok, type Result } from '../foundation/result.ts';
import type { DicomFault } from '../standards/dicom/dicom-fault.ts';
import type { SegmentReader } from '../store/segments/segment-reader.ts';
import type { ServedInstance } from '../store/retrieval.ts';
import { openFrames, type StoredFrames } from './stored-frames.ts';

// Viewers ask for the frames of an instance one by one: its header is parsed once. Headers beyond this are not kept.
const KEPT_HEADER_BYTES = 8 << 20;
const KEPT = 64;

/** Opens the frames of instances and keeps the last ones open. What is stored never changes, so nothing here grows old. */
export class FrameCache {
  readonly #segments: SegmentReader;
  readonly #kept = new Map<string, StoredFrames>();
  #bytes = 0;

  constructor(segments: SegmentReader) {
    this.#segments = segments;
  }

  async open(instance: ServedInstance): Promise<Result<StoredFrames, DicomFault>> {
    const key = `${instance.writer}/${instance.segment}/${instance.data_offset}`;
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return ok({ ...known, instance });
    }
    const opened = await openFrames(this.#segments, instance);
    if (opened.ok && !opened.value.held && instance.header_length <= KEPT_HEADER_BYTES) this.#keep(key, opened.value);
    return opened;
  }

  #keep(key: string, frames: StoredFrames): void {
    this.#kept.set(key, frames);
    this.#bytes += frames.instance.header_length;
    for (const [oldest, old] of this.#kept) {
      if (this.#kept.size <= KEPT && this.#bytes <= KEPT_HEADER_BYTES * 4) break;
      this.#kept.delete(oldest);
      this.#bytes -= old.instance.header_length;
    }
  }
}
