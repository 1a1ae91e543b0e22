import type { DataSet } from '../standards/dicom/data-set.ts';

/** What result objects need beside the analysis. Everything is given: nothing here reads a clock, a disk or a row. */
export interface ResultContext {
  /** Headers (no pixel data) of the analysed images by SOP Instance UID, values as received. Every image of `analysis.source` is in it. */
  readonly headers: ReadonlyMap<string, DataSet>;
  readonly gateway: GatewayEquipment;
  readonly times: ResultTimes;
  /** 1 for the first result of a run; a later one supersedes its predecessor. */
  readonly revision: number;
  readonly predecessor: PredecessorReference | null;
}

/** The Evidence Creator: General Equipment of every object (IHE AIR §6.5.3.1, closed issue 26). No field may be empty. */
export interface GatewayEquipment {
  readonly manufacturer: string;
  readonly modelName: string;
  readonly serialNumber: string;
  readonly softwareVersion: string;
  /** Device UID of this installation; FHIR Device identifier. */
  readonly deviceUid: string;
  readonly stationName: string;
  readonly institutionName: string;
}

/** Times of the run, from its job row. */
export interface ResultTimes {
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** Local time of the site east of UTC, in minutes; a source image's own Timezone Offset From UTC comes first. */
  readonly utcOffsetMinutes: number;
}

/** Where an object goes: its own UIDs and its series. One instance per series (viewers show only the last one of a series). */
export interface ObjectIdentity {
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  /** 9000 and above by default: never a number of the modality. */
  readonly seriesNumber: number;
}

/** An instance of the same study that this one replaces. */
export interface PredecessorReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
}

/** Header of the first analysed image, from which the patient and study modules are copied. */
export function sourceHeader(context: ResultContext, sopInstanceUids: readonly string[]): DataSet {
  for (const uid of sopInstanceUids) {
    const header = context.headers.get(uid);
    if (header !== undefined) return header;
  }
  throw new Error('a result object needs the header of at least one analysed image');
}
