import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { TrueTypeFont } from '../../src/result-objects/drawing/true-type-font.ts';
import { Typeface } from '../../src/result-objects/drawing/typeface.ts';

let typeface: Typeface | undefined;

/** The fonts that ship with the gateway, read once. */
export function bundledTypeface(): Typeface {
  typeface ??= new Typeface(['DejaVuSans', 'DroidSansFallback'].map((name) => new TrueTypeFont(brotliDecompressSync(readFileSync(new URL(`../../assets/fonts/${name}.ttf.br`, import.meta.url))))));
  return typeface;
}
