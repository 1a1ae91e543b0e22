import { fault, ok, type Result } from '../../foundation/result.ts';
import type { InstanceReceiver } from '../../stages/intake/receive-instance.ts';
import type { DataSet, Fragments, Tag } from '../../standards/dicom/data-set.ts';
import { writeDataSet } from '../../standards/dicom/data-set-writer.ts';
import { fromDicomJson } from '../../standards/dicom/json-reader.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { explicitLittleEndian, transferSyntaxOf } from '../../standards/dicom/transfer-syntaxes.ts';
import { fromNativeXml } from '../../standards/dicom/xml-reader.ts';
import { parseMediaType } from '../../standards/dicomweb/media-type.ts';
import { pixelMediaOf } from '../../standards/dicomweb/pixel-media.ts';
import type { PartOutcome } from './stow-part.ts';

interface HeldPart {
  readonly type: string;
  readonly location: string | undefined;
  readonly chunks: Buffer[];
}

// Metadata and bulk data may come in any order, so both are held until the body ends.
const MOST_BYTES = 256 << 20;
const PIECE = 1 << 20;

/** The parts of a STOW-RS request with metadata and bulk data (PS3.18 §10.5.1.2, §F.4): collects them, then stores what they make. */
export class StowMetadata {
  readonly #receiver: InstanceReceiver;
  readonly #groupId: string;
  readonly #study: string | undefined;
  readonly #parts: HeldPart[] = [];
  #bytes = 0;

  constructor(receiver: InstanceReceiver, groupId: string, study: string | undefined) {
    this.#receiver = receiver;
    this.#groupId = groupId;
    this.#study = study;
  }

  /** More than is held: 413. */
  get tooLarge(): boolean {
    return this.#bytes > MOST_BYTES;
  }

  begin(headers: ReadonlyMap<string, string>): void {
    this.#parts.push({ type: headers.get('content-type') ?? '', location: headers.get('content-location'), chunks: [] });
  }

  bytes(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (!this.tooLarge) this.#parts.at(-1)!.chunks.push(Buffer.from(chunk));
  }

  /** Stores every data set of the metadata; one outcome each, and one for a part that cannot be read at all. */
  async store(): Promise<PartOutcome[]> {
    const outcomes: PartOutcome[] = [];
    for (const part of this.#parts) {
      const media = parseMediaType(part.type)?.type;
      if (media !== 'application/dicom+json' && media !== 'application/json' && media !== 'application/dicom+xml') continue;
      for (const read of this.#dataSets(part, media)) outcomes.push(read.ok ? await this.#storeOne(read.value) : refused(read.fault));
    }
    return outcomes;
  }

  #dataSets(part: HeldPart, media: string): Result<{ readonly dataSet: DataSet; readonly transferSyntaxUid: string }, string>[] {
    const text = Buffer.concat(part.chunks).toString('utf8');
    if (media === 'application/dicom+xml') return [this.#read((bulkData) => fromNativeXml(text, { bulkData }))];
    try {
      const json: unknown = JSON.parse(text);
      return (Array.isArray(json) ? json : [json]).map((one: unknown) => this.#read((bulkData) => fromDicomJson(one, { bulkData })));
    } catch {
      return [fault('the metadata are no JSON')];
    }
  }

  #read(parse: (bulkData: (uri: string, tag: Tag) => Uint8Array | Fragments | undefined) => ReturnType<typeof fromDicomJson>): Result<{ readonly dataSet: DataSet; readonly transferSyntaxUid: string }, string> {
    let transferSyntaxUid = explicitLittleEndian;
    const parsed = parse((uri, tag) => {
      const found = this.#parts.filter((part) => part.location !== undefined && sameLocation(part.location, uri));
      const [first] = found;
      if (first === undefined) return undefined;
      const said = tag === tags.PixelData ? syntaxOf(first.type) : undefined;
      if (said === undefined) return Buffer.concat(found.flatMap((part) => part.chunks));
      transferSyntaxUid = said;
      return { offsetTable: new Uint8Array(0), fragments: found.map((part) => Buffer.concat(part.chunks)) };
    });
    if (!parsed.ok) return fault(parsed.fault.message);
    // JSON is Unicode; what is written is UTF-8 and says so.
    return ok({ dataSet: parsed.value.with({ tag: tags.SpecificCharacterSet, vr: 'CS', value: ['ISO_IR 192'] }), transferSyntaxUid });
  }

  async #storeOne({ dataSet, transferSyntaxUid }: { readonly dataSet: DataSet; readonly transferSyntaxUid: string }): Promise<PartOutcome> {
    const [sopClassUid, sopInstanceUid, studyInstanceUid, seriesInstanceUid] = [tags.SOPClassUID, tags.SOPInstanceUID, tags.StudyInstanceUID, tags.SeriesInstanceUID].map((tag) => dataSet.string(tag));
    const uids = { sopClassUid, sopInstanceUid, studyInstanceUid, seriesInstanceUid };
    if (sopClassUid === undefined || sopInstanceUid === undefined) return refused('the metadata name no SOP Class and Instance UID');
    if (this.#study !== undefined && studyInstanceUid !== this.#study) return { ...uids, outcome: { kind: 'refused', reason: 'other-study', comment: 'the instance belongs to another study than the request' } };
    let bytes: Uint8Array;
    try {
      bytes = writeDataSet(dataSet, transferSyntaxUid);
    } catch {
      return { ...uids, outcome: { kind: 'refused', reason: 'cannot-understand', comment: 'the metadata cannot be written as DICOM' } };
    }
    const incoming = this.#receiver.begin({ groupId: this.#groupId, sopClassUid, sopInstanceUid, transferSyntaxUid });
    for (let at = 0; at < bytes.length; at += PIECE) await incoming.write(bytes.subarray(at, at + PIECE));
    return { ...uids, outcome: await incoming.finish() };
  }
}

/** The transfer syntax of a compressed part; undefined for native bytes. */
function syntaxOf(type: string): string | undefined {
  const range = parseMediaType(type);
  const uid = range === undefined ? undefined : (range.parameters.get('transfer-syntax') ?? pixelMediaOf(range, '')?.transferSyntax);
  return uid !== undefined && transferSyntaxOf(uid)?.encapsulated === true ? uid : undefined;
}

/** A Content-Location may be absolute where the BulkDataURI is relative, and the reverse. */
function sameLocation(location: string, uri: string): boolean {
  const [a, b] = [location.trim(), uri.trim()];
  return a === b || (a !== '' && b !== '' && (a.endsWith(`/${b.replace(/^\.?\//, '')}`) || b.endsWith(`/${a.replace(/^\.?\//, '')}`)));
}

function refused(comment: string): PartOutcome {
  return { sopClassUid: undefined, sopInstanceUid: undefined, seriesInstanceUid: undefined, studyInstanceUid: undefined, outcome: { kind: 'refused', reason: 'not-dicom', comment } };
}
