import { parentPort } from 'node:worker_threads';
import { decodeFrameHere } from '../codecs/decode-frame.ts';
import { codecFault, type CodecFault, type EncodedFrame } from '../codecs/frame.ts';
import { ok, type Result } from '../foundation/result.ts';
import { encodeJpeg } from './jpeg.ts';
import { PaletteColours } from './palette.ts';
import type { PictureType } from './picture.ts';
import { encodePng } from './png.ts';
import { renderFrame } from './render-frame.ts';
import type { PlainRenderingFacts } from './rendering-facts.ts';
import { fitInto, type PictureArea } from './resize.ts';

/** One picture that is asked for. */
export interface RenderRequest {
  readonly frame: EncodedFrame;
  readonly facts: PlainRenderingFacts;
  readonly type: PictureType;
  /** 1–100, JPEG only. */
  readonly quality: number;
  /** Size to fit into, and the part of the image; undefined: as it is. */
  readonly viewport: { readonly width: number; readonly height: number; readonly area: PictureArea | undefined } | undefined;
}

export interface RenderAnswer {
  readonly id: number;
  readonly result: Result<Uint8Array, CodecFault>;
}

parentPort?.on('message', ({ id, request }: { readonly id: number; readonly request: RenderRequest }) => {
  void render(request).then((result) => parentPort?.postMessage({ id, result } satisfies RenderAnswer, []));
});

async function render(request: RenderRequest): Promise<Result<Uint8Array, CodecFault>> {
  try {
    const decoded = await decodeFrameHere(request.frame);
    if (!decoded.ok) return decoded;
    const { facts, viewport } = request;
    const whole = renderFrame(decoded.value, { ...facts, palette: facts.palette === undefined ? undefined : new PaletteColours(facts.palette) });
    const picture = viewport === undefined ? whole : fitInto(whole, viewport.width, viewport.height, viewport.area);
    return ok(request.type === 'image/png' ? encodePng(picture) : encodeJpeg(picture, request.quality));
  } catch (thrown) {
    return { ok: false, fault: codecFault('CRASH', thrown instanceof Error ? thrown.name : 'rendering threw') };
  }
}
