import { forgetCodec, loadCodec } from '../codecs/wasm-modules.ts';
import type { Picture } from './picture.ts';

interface JpegEncoder {
  getDecodedBuffer(info: { width: number; height: number; bitsPerSample: number; componentCount: number; isSigned: boolean }): Uint8Array;
  setQuality(quality: number): void;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
  delete(): void;
}

/** Baseline JPEG (ISO/IEC 10918-1) of a picture. `quality`: 1–100. Throws when the encoder refuses. For a worker: it may be slow. */
export async function encodeJpeg(picture: Picture, quality: number): Promise<Uint8Array> {
  const module = (await loadCodec('libjpeg-turbo-8bit')) as unknown as { readonly JPEGEncoder: new () => JpegEncoder };
  const encoder = new module.JPEGEncoder();
  try {
    encoder.getDecodedBuffer({ width: picture.width, height: picture.height, bitsPerSample: 8, componentCount: picture.channels, isSigned: false }).set(picture.samples);
    encoder.setQuality(quality);
    encoder.encode();
    return Uint8Array.from(encoder.getEncodedBuffer());
  } catch (thrown) {
    forgetCodec('libjpeg-turbo-8bit');
    throw thrown;
  } finally {
    encoder.delete();
  }
}
