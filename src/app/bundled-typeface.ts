import { readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { TrueTypeFont } from '../result-objects/drawing/true-type-font.ts';
import { Typeface } from '../result-objects/drawing/typeface.ts';

/** In the order in which they are asked for a character. */
const files = ['DejaVuSans', 'DroidSansFallback'];

/** The fonts of pictures and documents, read when first needed and kept: 4 MB. */
export function bundledTypeface(installationFolder: string): () => Typeface {
  let typeface: Typeface | undefined;
  return () => (typeface ??= new Typeface(files.map((name) => new TrueTypeFont(brotliDecompressSync(readFileSync(path.join(installationFolder, 'assets', 'fonts', `${name}.ttf.br`)))))));
}
