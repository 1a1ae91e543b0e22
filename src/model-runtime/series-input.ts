/** Where the bytes of one instance lie. */
export type InstanceBytes =
  /** A range of a file: a record of a segment holds a bare data set. */
  | { readonly path: string; readonly offset: number; readonly length: number; readonly form: 'data-set' }
  /** A DICOM file (PS3.10) as a whole. */
  | { readonly path: string; readonly form: 'part10' }
  /** The same in memory, for work inside one process. */
  | { readonly bytes: Uint8Array; readonly form: 'part10-bytes' };

export interface InstanceInput {
  readonly bytes: InstanceBytes;
  /** Of the data set; a DICOM file's own statement wins. */
  readonly transferSyntaxUid: string;
  readonly sopInstanceUid: string;
  /**
   * Any digest of the stored bytes that is the same on every run, with its kind in front (`sha256:…`, `crc32:…:<length>`); null = the reader
   * computes SHA-256. Part of the input digest, and so of the tracking UIDs.
   */
  readonly contentDigest: string | null;
}

/** One series to analyse, by reference: pixels never cross a process border. */
export interface SeriesInput {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly instances: readonly InstanceInput[];
}

/** What the child reports while it works. */
export interface RunProgress {
  readonly step: 'reading' | 'preparing' | 'inferring' | 'measuring';
  /** 0–1 of the whole run. */
  readonly fraction: number;
}

/** Milliseconds per step and the largest resident memory of the process that ran it. */
export interface RunTiming {
  readonly readMs: number;
  readonly prepareMs: number;
  readonly inferMs: number;
  readonly measureMs: number;
  readonly totalMs: number;
  readonly windows: number;
  readonly peakMemoryMiB: number;
}

/** Of a run that did nothing. */
export const NO_TIME: RunTiming = { readMs: 0, prepareMs: 0, inferMs: 0, measureMs: 0, totalMs: 0, windows: 0, peakMemoryMiB: 0 };
