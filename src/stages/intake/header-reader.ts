import { inflateRawSync, constants } from 'node:zlib';
import type { DicomFault } from '../../standards/dicom/dicom-fault.ts';
import { FIRST_PIXEL_TAG, HeaderScanner, type ScanLimits } from '../../standards/dicom/header-scan.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { assumedTransferSyntax, explicitLittleEndian } from '../../standards/dicom/transfer-syntaxes.ts';
import { indexedTags, instanceHeaderOf, type InstanceHeader } from '../../store/instance-header.ts';

export interface ReadHeader {
  /** What was found before the pixel data, or before the fault. */
  readonly header: InstanceHeader;
  /** Bytes of the data set as stored that must be read to see its header. */
  readonly headerLength: number;
  readonly fault: DicomFault | undefined;
}

// The header of a deflated data set is taken from its beginning: at most 1032 times this much comes out of it (zlib).
const DEFLATED_PREFIX = 32 * 1024;
const MAX_INFLATED = 40 << 20;
const NOTHING = new Uint8Array(0);

/** Reads the index's attributes out of a data set while it passes by. */
export class HeaderReader {
  readonly #scanner: HeaderScanner;
  #deflated: Buffer | undefined;
  #deflatedLength = 0;
  #wantsMore = true;

  /** @param limits  what is more than that is a fault; unlimited where bytes are read again that were judged before */
  constructor(transferSyntaxUid: string, limits: Partial<ScanLimits> = {}) {
    const { deflated } = assumedTransferSyntax(transferSyntaxUid);
    this.#scanner = new HeaderScanner(deflated ? explicitLittleEndian : transferSyntaxUid, indexedTags, limits);
    if (deflated) this.#deflated = Buffer.allocUnsafe(DEFLATED_PREFIX);
  }

  /** False once the pixel data were reached: further bytes need not be shown. */
  get wantsMore(): boolean {
    return this.#wantsMore;
  }

  /** Once the pixel data were reached: where their value begins and how long it is (undefined = in fragments); undefined when there are none, or they are deflated. */
  get pixelData(): { readonly valueOffset: number; readonly length: number | undefined; readonly littleEndian: boolean } | undefined {
    if (this.#wantsMore || this.#deflated !== undefined || this.#scanner.push(NOTHING) !== 'done') return undefined;
    const { tag, ...place } = this.#scanner.stoppedAt;
    return tag >= FIRST_PIXEL_TAG && tag <= tags.PixelData ? place : undefined;
  }

  push(chunk: Uint8Array): void {
    if (!this.#wantsMore) return;
    if (this.#deflated === undefined) this.#wantsMore = this.#scanner.push(chunk) === 'more';
    else {
      const take = chunk.subarray(0, DEFLATED_PREFIX - this.#deflatedLength);
      this.#deflated.set(take, this.#deflatedLength);
      this.#deflatedLength += take.length;
      this.#wantsMore = this.#deflatedLength < DEFLATED_PREFIX;
    }
  }

  /** @param dataLength  bytes of the whole data set */
  finish(dataLength: number): ReadHeader {
    if (this.#deflated !== undefined) return this.#inflated(dataLength);
    const end = this.#scanner.end();
    return { header: instanceHeaderOf(this.#scanner.values()), headerLength: Math.min(this.#scanner.headerLength, dataLength), fault: end === 'done' ? undefined : end };
  }

  #inflated(dataLength: number): ReadHeader {
    let fault: DicomFault | undefined;
    try {
      const bytes = inflateRawSync(this.#deflated!.subarray(0, this.#deflatedLength), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_INFLATED });
      const state = this.#scanner.push(bytes);
      const end = state === 'more' && this.#deflatedLength === dataLength ? this.#scanner.end() : state;
      if (end !== 'done' && end !== 'more') fault = end;
    } catch {
      fault = { code: 'BAD_DEFLATE', message: 'the deflated data set cannot be inflated', offset: -1, tag: undefined };
    }
    return { header: instanceHeaderOf(this.#scanner.values()), headerLength: dataLength, fault };
  }
}
