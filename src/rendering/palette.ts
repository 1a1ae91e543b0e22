import type { DataSet } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';
import type { Picture } from './picture.ts';

/** A palette of PS3.3 §C.7.9 as three tables of 8 bits; plain data, so that it can go to a worker. */
export interface PaletteTables {
  /** Stored value of the first entry. */
  readonly first: number;
  readonly red: Uint8Array;
  readonly green: Uint8Array;
  readonly blue: Uint8Array;
}

export class PaletteColours {
  readonly #tables: PaletteTables;

  constructor(tables: PaletteTables) {
    this.#tables = tables;
  }

  apply(stored: ArrayLike<number>, width: number, height: number): Picture {
    const { first, red, green, blue } = this.#tables;
    const last = red.length - 1;
    const samples = new Uint8Array(stored.length * 3);
    for (let i = 0; i < stored.length; i += 1) {
      const at = Math.min(last, Math.max(0, stored[i]! - first));
      samples[i * 3] = red[at]!;
      samples[i * 3 + 1] = green[at]!;
      samples[i * 3 + 2] = blue[at]!;
    }
    return { width, height, channels: 3, samples };
  }
}

/** The palette of a data set, plain or segmented; undefined when it has none that is whole. */
export function paletteOf(dataSet: DataSet): PaletteTables | undefined {
  const descriptor = dataSet.numbers(tags.RedPaletteColorLookupTableDescriptor);
  if (descriptor.length < 3) return undefined;
  const entries = descriptor[0] === 0 ? 65_536 : descriptor[0]! & 0xffff;
  const bits = descriptor[2]!;
  const plain = [tags.RedPaletteColorLookupTableData, tags.GreenPaletteColorLookupTableData, tags.BluePaletteColorLookupTableData];
  const segmented = [tags.SegmentedRedPaletteColorLookupTableData, tags.SegmentedGreenPaletteColorLookupTableData, tags.SegmentedBluePaletteColorLookupTableData];
  const tables = plain.map((tag, n) => {
    const direct = words(dataSet, tag);
    if (direct !== undefined) return eightBits(direct, entries, bits);
    const coded = words(dataSet, segmented[n]!);
    return coded === undefined ? undefined : eightBits(expand(coded, entries), entries, bits);
  });
  const [red, green, blue] = tables;
  return red === undefined || green === undefined || blue === undefined ? undefined : { first: descriptor[1]!, red, green, blue };
}

function words(dataSet: DataSet, tag: number): Uint16Array | undefined {
  const value = dataSet.get(tag)?.value;
  if (value instanceof Uint8Array && value.length >= 2) return Uint16Array.from({ length: value.length >> 1 }, (_, i) => value[i * 2]! | (value[i * 2 + 1]! << 8));
  const numbers = dataSet.numbers(tag);
  return numbers.length > 0 ? Uint16Array.from(numbers) : undefined;
}

/** 16-bit entries are cut to their upper 8; entries of 8 bits may lie two in a word (PS3.3 §C.7.6.3.1.6). */
function eightBits(table: Uint16Array, entries: number, bits: number): Uint8Array | undefined {
  if (bits === 8 && table.length < entries && table.length * 2 >= entries) return Uint8Array.from({ length: entries }, (_, i) => (table[i >> 1]! >> ((i & 1) * 8)) & 0xff);
  if (table.length < entries) return undefined;
  // Tables said to have 16 bits and filled with 8 are met.
  const wide = bits > 8 && table.some((value) => value > 255);
  return Uint8Array.from({ length: entries }, (_, i) => (wide ? table[i]! >> 8 : table[i]! & 0xff));
}

/** Segmented palettes, PS3.3 §C.7.9.2: discrete (0), linear (1), indirect (2) segments. */
function expand(coded: Uint16Array, entries: number, from = 0, segments = Infinity, out: number[] = [], depth = 0): Uint16Array {
  let at = from;
  for (let done = 0; done < segments && at + 1 < coded.length && out.length < entries; done += 1) {
    const [opcode, length] = [coded[at]!, coded[at + 1]!];
    at += 2;
    if (opcode === 0) {
      for (let i = 0; i < length && at < coded.length; i += 1) out.push(coded[at++]!);
    } else if (opcode === 1) {
      const [start, end] = [out.at(-1) ?? 0, coded[at++] ?? 0];
      for (let i = 1; i <= length && out.length < entries; i += 1) out.push(Math.round(start + ((end - start) * i) / length));
    } else if (opcode === 2 && depth < 4) {
      const offset = (coded[at]! | (coded[at + 1]! << 16)) >>> 0;
      at += 2;
      expand(coded, entries, offset, length, out, depth + 1);
    } else break;
  }
  return Uint16Array.from(out.slice(0, entries));
}
