import type { IncomingInstance, InstanceReceiver, StoreOutcome } from '../../stages/intake/receive-instance.ts';
import { HeaderScanner } from '../../standards/dicom/header-scan.ts';
import { readPart10Start } from '../../standards/dicom/part10.ts';
import { tags } from '../../standards/dicom/tags.ts';

/** What became of one part of a STOW request. */
export interface PartOutcome {
  /** Undefined for a part that holds no DICOM file. */
  readonly sopClassUid: string | undefined;
  readonly sopInstanceUid: string | undefined;
  readonly seriesInstanceUid: string | undefined;
  readonly studyInstanceUid: string | undefined;
  readonly outcome: StoreOutcome | { readonly kind: 'refused'; readonly reason: 'not-dicom' | 'other-study' | 'media-type'; readonly comment: string };
}

const WANTED = new Set<number>([tags.SOPClassUID, tags.SOPInstanceUID, tags.StudyInstanceUID, tags.SeriesInstanceUID]);
// The File Meta Information of real files is a few hundred bytes.
const MAX_HEAD_BYTES = 65_536;

/**
 * One part of a STOW-RS request: a DICOM file on its way into intake. The head (preamble, file meta) is held until it is whole; the
 * data set then streams through. Of an instance for another study than the request's nothing is stored.
 */
export class StowPart {
  readonly #receiver: InstanceReceiver;
  readonly #groupId: string;
  readonly #wantedStudy: string | undefined;
  #head: Buffer[] = [];
  #headBytes = 0;
  #incoming: IncomingInstance | undefined;
  #scanner: HeaderScanner | undefined;
  #announced: { sopClassUid: string; sopInstanceUid: string } | undefined;
  #refused: PartOutcome['outcome'] | undefined;

  constructor(receiver: InstanceReceiver, groupId: string, wantedStudy: string | undefined, mediaType: string) {
    this.#receiver = receiver;
    this.#groupId = groupId;
    this.#wantedStudy = wantedStudy;
    if (!/^application\/dicom(\s*;|$)/i.test(mediaType) && mediaType !== '') this.#refused = { kind: 'refused', reason: 'media-type', comment: `a part of type ${mediaType.slice(0, 100)} is not taken` };
  }

  /** Takes bytes; returns a promise to await before more is read (back-pressure). */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#refused !== undefined) return undefined;
    if (this.#incoming !== undefined) return this.#pass(chunk);
    this.#head.push(Buffer.from(chunk));
    this.#headBytes += chunk.length;
    return this.#begin(this.#headBytes > MAX_HEAD_BYTES);
  }

  async finish(): Promise<PartOutcome> {
    if (this.#incoming === undefined && this.#refused === undefined) await this.#begin(true);
    const scanned = this.#scannedUids();
    if (this.#refused === undefined && this.#wantedStudy !== undefined && scanned.studyInstanceUid !== this.#wantedStudy) {
      this.#refuse('other-study', 'the instance belongs to another study than the request');
    }
    const outcome = this.#refused ?? (await this.#incoming!.finish());
    return { ...scanned, sopClassUid: this.#announced?.sopClassUid, sopInstanceUid: this.#announced?.sopInstanceUid, outcome };
  }

  /** The request broke off: nothing of this part stays. */
  abandon(): void {
    this.#incoming?.abandon();
    this.#incoming = undefined;
  }

  #pass(chunk: Uint8Array): Promise<void> | undefined {
    this.#scanner?.push(chunk);
    return this.#incoming?.write(chunk);
  }

  /** Begins the instance once the head is whole. `final`: no more bytes of the head will come. */
  #begin(final: boolean): Promise<void> | undefined {
    const bytes = Buffer.concat(this.#head);
    this.#head = [bytes];
    const start = readPart10Start(bytes);
    // A head cut in the middle of its last element reads as truncated or as ending at the end of the bytes: wait for more.
    if (!final && (!start.ok || start.value.dataSetOffset >= bytes.length)) return undefined;
    if (!start.ok) return this.#refuse('not-dicom', start.fault.message);
    const { fileMeta, transferSyntaxUid, dataSetOffset } = start.value;
    const sopClassUid = fileMeta.string(tags.MediaStorageSOPClassUID);
    const sopInstanceUid = fileMeta.string(tags.MediaStorageSOPInstanceUID);
    if (sopClassUid === undefined || sopInstanceUid === undefined) return this.#refuse('not-dicom', 'the part has no File Meta Information with SOP Class and Instance UID');
    this.#announced = { sopClassUid, sopInstanceUid };
    this.#scanner = new HeaderScanner(transferSyntaxUid, WANTED);
    this.#incoming = this.#receiver.begin({ groupId: this.#groupId, sopClassUid, sopInstanceUid, transferSyntaxUid });
    this.#head = [];
    return this.#pass(bytes.subarray(dataSetOffset));
  }

  #refuse(reason: 'not-dicom' | 'other-study', comment: string): undefined {
    this.#refused = { kind: 'refused', reason, comment };
    this.abandon();
    return undefined;
  }

  #scannedUids(): { studyInstanceUid: string | undefined; seriesInstanceUid: string | undefined } {
    const scanned = this.#scanner?.end() === undefined ? undefined : this.#scanner.values();
    return { studyInstanceUid: scanned?.string(tags.StudyInstanceUID), seriesInstanceUid: scanned?.string(tags.SeriesInstanceUID) };
  }
}
