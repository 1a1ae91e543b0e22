/** Where the bytes of one stored data set lie: `<segments>/<writer>/<segment>.seg`, without preamble and file meta, as received. */
export interface BlobAddress {
  /** Name of the process that wrote it: `intake`, `web`, `work`. */
  readonly writer: string;
  readonly segment: number;
  /** Byte offset of the data set in the segment file (not of its record). */
  readonly offset: number;
  /** Bytes of the data set. */
  readonly length: number;
}

/** The columns of `instance` and `quarantine` that say where the bytes lie. */
export interface BlobColumns {
  readonly writer: string;
  readonly segment: number;
  readonly data_offset: number;
  readonly data_length: number;
}

export function blobAddressOf(row: BlobColumns): BlobAddress {
  return { writer: row.writer, segment: row.segment, offset: row.data_offset, length: row.data_length };
}

/** A writer's name becomes a folder, so it is one plain word. */
export function isWriterName(name: string): boolean {
  return /^[a-z][a-z0-9-]{0,31}$/.test(name);
}

/** File name of a segment: sixteen decimal digits, so that names sort as numbers do. */
export function segmentFileName(segment: number): string {
  return `${String(segment).padStart(16, '0')}.seg`;
}

/** Number of a segment file, undefined for any other name. */
export function segmentNumberOf(fileName: string): number | undefined {
  return /^\d{16}\.seg$/.test(fileName) ? Number(fileName.slice(0, 16)) : undefined;
}
