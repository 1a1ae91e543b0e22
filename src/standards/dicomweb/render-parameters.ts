import { fault, ok, type Result } from '../../foundation/result.ts';

export type VoiFunction = 'linear' | 'linear-exact' | 'sigmoid';

/** How an image is to be rendered, PS3.18 §8.3.5. */
export interface RenderParameters {
  readonly window: { readonly center: number; readonly width: number; readonly function: VoiFunction } | undefined;
  readonly viewport: Viewport | undefined;
  /** 1–100. */
  readonly quality: number;
  /** Parameters that were asked for and are not done, for a Warning. */
  readonly unsupported: readonly string[];
}

/** Pixels of the picture, and the part of the image that fills it. */
export interface Viewport {
  readonly width: number;
  readonly height: number;
  /** Column and row of the source where the part begins; undefined = the whole image. Width and height may be undefined: up to the edge. Negative sizes flip. */
  readonly source: { readonly x: number; readonly y: number; readonly width: number | undefined; readonly height: number | undefined } | undefined;
}

const MAX_SIDE = 8_192;
const MAX_PIXELS = 32 << 20;
const DEFAULT_QUALITY = 90;

/**
 * Reads the rendering parameters of a query. Malformed ones are faults (400).
 * `thumbnail`: only the viewport counts (PS3.18 §8.3.5.1.3).
 */
export function parseRenderParameters(query: Readonly<Record<string, unknown>>, options: { readonly thumbnail?: boolean } = {}): Result<RenderParameters, { readonly message: string }> {
  const text = (name: string): string | undefined => {
    const value = query[name];
    return typeof value === 'string' ? value : Array.isArray(value) ? String(value[0]) : undefined;
  };
  const viewport = parseViewport(text('viewport'));
  if (!viewport.ok) return viewport;
  if (options.thumbnail === true) return ok({ window: undefined, viewport: viewport.value, quality: DEFAULT_QUALITY, unsupported: [] });
  const window = parseWindow(text('window'));
  if (!window.ok) return window;
  const quality = text('quality');
  if (quality !== undefined && !(/^\d{1,3}$/.test(quality) && Number(quality) >= 1 && Number(quality) <= 100)) return fault({ message: 'quality must be a whole number from 1 to 100' });
  const icc = text('iccprofile')?.toLowerCase();
  if (icc !== undefined && !['no', 'yes', 'srgb', 'adobergb', 'rommrgb', 'displayp3'].includes(icc)) return fault({ message: 'iccprofile must be no, yes, srgb, adobergb or rommrgb' });
  const unsupported = [...(text('annotation') === undefined ? [] : ['annotation']), ...(icc === undefined || icc === 'no' || icc === 'srgb' ? [] : ['iccprofile'])];
  return ok({ window: window.value, viewport: viewport.value, quality: Number(quality ?? DEFAULT_QUALITY), unsupported });
}

/** `center,width[,function]`. */
function parseWindow(text: string | undefined): Result<RenderParameters['window'], { readonly message: string }> {
  if (text === undefined) return ok(undefined);
  const [center, width, name = 'linear', ...rest] = text.split(',');
  const voi = name.toLowerCase().replaceAll('_', '-');
  const numbers = [center, width].map(decimal);
  if (rest.length > 0 || numbers.some((n) => n === undefined)) return fault({ message: 'window must be center,width,function with decimal numbers' });
  if (voi !== 'linear' && voi !== 'linear-exact' && voi !== 'sigmoid') return fault({ message: 'the function of window must be linear, linear-exact or sigmoid' });
  // PS3.3 §C.11.2.1.2 and .3: linear needs at least 1, the others more than 0.
  if (voi === 'linear' ? numbers[1]! < 1 : numbers[1]! <= 0) return fault({ message: 'the width of window is too small for its function' });
  return ok({ center: numbers[0]!, width: numbers[1]!, function: voi });
}

/** `vw,vh[,sx,sy[,sw,sh]]`; empty parts take their defaults. */
function parseViewport(text: string | undefined): Result<Viewport | undefined, { readonly message: string }> {
  if (text === undefined) return ok(undefined);
  const parts = text.split(',');
  const [vw = '', vh = '', ...source] = parts;
  if (![2, 4, 6].includes(parts.length)) return fault({ message: 'viewport must be vw,vh or vw,vh,sx,sy,sw,sh' });
  const [width, height] = [vw, vh].map((side) => (/^\d{1,5}$/.test(side.trim()) ? Number(side) : 0));
  if (width! < 1 || height! < 1 || width! > MAX_SIDE || height! > MAX_SIDE || width! * height! > MAX_PIXELS) return fault({ message: `the viewport must be from 1 to ${MAX_SIDE} pixels wide and high` });
  const numbers = source.map((part) => (part.trim() === '' ? null : decimal(part)));
  if (numbers.some((n) => n === undefined || (n !== null && Math.abs(n) > 1e6))) return fault({ message: 'the source of viewport must be decimal numbers' });
  const [x, y, w, h] = numbers as (number | null)[];
  if (w === 0 || h === 0 || (x ?? 0) < 0 || (y ?? 0) < 0) return fault({ message: 'the source of viewport lies outside the image' });
  return ok({ width: width!, height: height!, source: source.length === 0 ? undefined : { x: x ?? 0, y: y ?? 0, width: w ?? undefined, height: h ?? undefined } });
}

function decimal(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*[+-]?(\d{1,15}\.?\d{0,15}|\.\d{1,15})([eE][+-]?\d{1,2})?\s*$/.test(text)) return undefined;
  return Number(text);
}
