import { explicitLittleEndian } from '../dicom/transfer-syntaxes.ts';
import type { MediaRange } from './media-type.ts';

/** A representation of frames a client takes, PS3.18 §8.7.3.3. */
export interface PixelMedia {
  /** `application/octet-stream`, `image/jls`, … */
  readonly type: string;
  readonly multipart: boolean;
  /** A UID, or `*`: as stored. */
  readonly transferSyntax: string;
}

const ROOT = '1.2.840.10008.1.2';
/** Transfer syntaxes of each media type, PS3.18 Table 8.7.3-5; the first is the default. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  'image/jpeg': [`${ROOT}.4.70`, `${ROOT}.4.50`, `${ROOT}.4.51`, `${ROOT}.4.57`],
  'image/jls': [`${ROOT}.4.80`, `${ROOT}.4.81`],
  'image/jp2': [`${ROOT}.4.90`, `${ROOT}.4.91`],
  'image/jpx': [`${ROOT}.4.92`, `${ROOT}.4.93`],
  'image/jphc': [`${ROOT}.4.201`, `${ROOT}.4.202`, `${ROOT}.4.203`],
  'image/jxl': [`${ROOT}.4.110`, `${ROOT}.4.111`, `${ROOT}.4.112`],
  'image/dicom-rle': [`${ROOT}.5`],
  'video/mpeg2': [`${ROOT}.4.100`, `${ROOT}.4.101`],
  'video/mp4': [`${ROOT}.4.102`, `${ROOT}.4.103`, `${ROOT}.4.104`, `${ROOT}.4.105`, `${ROOT}.4.106`, `${ROOT}.4.107`, `${ROOT}.4.108`],
};
/** Names of PS3.18 before 2017, still sent. */
const OLD_NAMES: Readonly<Record<string, string>> = { 'image/x-jls': 'image/jls', 'image/x-dicom-rle': 'image/dicom-rle', 'image/dicom+jpeg': 'image/jpeg', 'image/dicom+jp2': 'image/jp2', 'image/dicom+jpeg-jpx': 'image/jpx', 'image/dicom+jpeg-ls': 'image/jls', 'image/dicom+rle': 'image/dicom-rle' };
const OCTETS = 'application/octet-stream';

/** The media type of frames in a transfer syntax; octet-stream when they are native or have none. */
export function mediaTypeOf(transferSyntaxUid: string): string {
  const found = Object.entries(FAMILIES).find(([, family]) => family.includes(transferSyntaxUid));
  return found?.[0] ?? OCTETS;
}

/**
 * What a range of an Accept header means for frames stored in `stored`; undefined when it is not about frames at all.
 *
 * Without a transfer syntax octet-stream means Explicit VR Little Endian; an image type means its default (Table 8.7.3-5), unless
 * the frames are stored in another one of it: they then go as they are, since the default could only cost quality or time.
 */
export function pixelMediaOf(range: MediaRange, stored: string): PixelMedia | undefined {
  const multipart = range.type === 'multipart/related' || range.type === 'multipart/*' || range.type === '*/*';
  const asked = multipart ? (range.type === 'multipart/related' ? (range.parameters.get('type')?.toLowerCase() ?? '*/*') : '*/*') : range.type;
  const type = OLD_NAMES[asked] ?? asked;
  const transferSyntax = range.parameters.get('transfer-syntax');
  if (type === '*/*' || type === 'application/*' || type === OCTETS) return { type: OCTETS, multipart, transferSyntax: transferSyntax ?? explicitLittleEndian };
  if (type === 'image/*') return mediaTypeOf(stored).startsWith('image/') ? { type: mediaTypeOf(stored), multipart, transferSyntax: '*' } : undefined;
  const family = FAMILIES[type];
  if (family === undefined) return undefined;
  if (transferSyntax === '*' || transferSyntax === undefined) {
    if (family.includes(stored)) return { type, multipart, transferSyntax: '*' };
    return transferSyntax === undefined ? { type, multipart, transferSyntax: family[0]! } : undefined;
  }
  return family.includes(transferSyntax) ? { type, multipart, transferSyntax } : undefined;
}
