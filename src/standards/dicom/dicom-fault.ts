/** Why bytes are not a data set we can read. `message` never contains a value, so it may be logged. */
export interface DicomFault {
  readonly code:
    | 'TRUNCATED' // the bytes end inside an element
    | 'BAD_LENGTH' // a length that its place does not allow
    | 'BAD_ITEM' // something else where an item or a delimiter must stand
    | 'TOO_DEEP'
    | 'TOO_MANY_ELEMENTS'
    | 'TOO_LONG'
    | 'BAD_DEFLATE'
    | 'NOT_DICOM'
    | 'UNKNOWN_TRANSFER_SYNTAX'
    | 'UNSUPPORTED'
    | 'BAD_JSON'
    | 'BAD_XML';
  readonly message: string;
  /** Byte offset in what was read (after inflation where it was deflated); -1 when there is none. */
  readonly offset: number;
  /** The element that was being read; undefined before the first. */
  readonly tag: number | undefined;
}

export function dicomFault(code: DicomFault['code'], message: string, offset = -1, tag?: number): DicomFault {
  return { code, message, offset, tag };
}

/** (0010,0020) as people write it. */
export function tagText(tag: number): string {
  const hex = tag.toString(16).toUpperCase().padStart(8, '0');
  return `(${hex.slice(0, 4)},${hex.slice(4)})`;
}
