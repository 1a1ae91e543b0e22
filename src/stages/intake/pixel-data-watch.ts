import { ITEM } from '../../standards/dicom/element-header.ts';

export interface PixelDataPlace {
  /** Offset of the value in the data set. */
  readonly valueOffset: number;
  /** Undefined: fragments, each an item with its own length (PS3.5 §A.4). */
  readonly length: number | undefined;
  readonly littleEndian: boolean;
}

const ITEM_HEADER = 8;

/**
 * Sees whether a data set ends inside its pixel data, while the bytes pass by. Of fragments only the item headers are looked at. What is no
 * item ends the watch without a verdict: a missing Sequence Delimitation Item is met and harmless, and content is not judged here.
 */
export class PixelDataWatch {
  readonly #place: PixelDataPlace;
  /** Offset behind the last value or item whose length is known: fewer bytes than that are too few. */
  #needed: number;
  readonly #header = Buffer.alloc(ITEM_HEADER);
  #filled = 0;
  #wantsMore: boolean;

  constructor(place: PixelDataPlace) {
    this.#place = place;
    this.#needed = place.valueOffset + (place.length ?? 0);
    this.#wantsMore = place.length === undefined;
  }

  /** Takes the bytes of the data set from `offset` on; every chunk from the one with the value's first byte on must be shown, in order. */
  push(chunk: Uint8Array, offset: number): void {
    const end = offset + chunk.length;
    while (this.#wantsMore && this.#needed + this.#filled < end) {
      const from = Math.max(0, this.#needed + this.#filled - offset);
      const take = chunk.subarray(from, from + ITEM_HEADER - this.#filled);
      this.#header.set(take, this.#filled);
      this.#filled += take.length;
      if (this.#filled === ITEM_HEADER) this.#readItem();
    }
  }

  /** @param dataLength  bytes of the whole data set */
  endsInside(dataLength: number): boolean {
    return dataLength < this.#needed || (this.#wantsMore && this.#filled > 0 && this.#filled < ITEM_HEADER);
  }

  #readItem(): void {
    const { littleEndian } = this.#place;
    const tag = littleEndian ? this.#header.readUInt16LE(0) * 0x10000 + this.#header.readUInt16LE(2) : this.#header.readUInt16BE(0) * 0x10000 + this.#header.readUInt16BE(2);
    const length = littleEndian ? this.#header.readUInt32LE(4) : this.#header.readUInt32BE(4);
    this.#filled = 0;
    if (tag === ITEM && length !== 0xffffffff) this.#needed += ITEM_HEADER + length;
    else this.#wantsMore = false;
  }
}
