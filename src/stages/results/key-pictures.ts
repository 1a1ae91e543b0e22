import { decodeFrame } from '../../codecs/decode-frame.ts';
import type { Analysis } from '../../domain/findings.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import { framePicture } from '../../result-objects/drawing/frame-picture.ts';
import { maxKeyImages, type KeyImage } from '../../result-objects/drawing/key-image.ts';
import { keyImages } from '../../result-objects/key-object-selection.ts';
import { readDataSet } from '../../standards/dicom/data-set-reader.ts';
import { pixelFrames } from '../../standards/dicom/pixel-frames.ts';
import type { Tx } from '../../store/database.ts';
import { blobAddressOf } from '../../store/segments/blob-address.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { imagesByUid } from '../../store/study.ts';

/** A cine of more is not opened for one still picture. */
const MAX_BYTES = 512 << 20;

/** The key images as pictures. One that cannot be read or decoded is left out: the report says the same without it. */
export async function keyPictures(tx: Tx, segments: SegmentReader, log: Log, analysis: Analysis): Promise<readonly KeyImage[]> {
  const pictures: KeyImage[] = [];
  for (const imageIndex of keyImages(analysis).slice(0, maxKeyImages)) {
    try {
      const picture = await pictureOf(tx, segments, analysis, imageIndex);
      if (picture !== undefined) pictures.push(picture);
    } catch (thrown) {
      log.warn('results.key-image-unreadable', { sopInstanceUid: analysis.source.images[imageIndex]?.sopInstanceUid, code: asGatewayError(thrown).code });
    }
  }
  return pictures;
}

async function pictureOf(tx: Tx, segments: SegmentReader, { source }: Analysis, imageIndex: number): Promise<KeyImage | undefined> {
  const image = source.images[imageIndex]!;
  const [stored] = await imagesByUid(tx, [image.sopInstanceUid]);
  if (stored === undefined || stored.data_length > MAX_BYTES) return undefined;
  const read = readDataSet(await segments.readRange(blobAddressOf(stored)), stored.transfer_syntax_uid);
  const frames = read.ok ? pixelFrames(read.value) : undefined;
  const bytes = frames?.ok === true ? frames.value.frame(image.frame ?? 1) : undefined;
  if (!read.ok || frames?.ok !== true || bytes?.ok !== true) return undefined;
  const decoded = await decodeFrame({ ...frames.value.description, transferSyntaxUid: stored.transfer_syntax_uid, bytes: bytes.value });
  const picture = decoded.ok ? framePicture(decoded.value, read.value, image.frame) : undefined;
  return picture === undefined ? undefined : { imageIndex, picture };
}
