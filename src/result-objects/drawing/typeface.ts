import type { TrueTypeFont } from './true-type-font.ts';

/** One character as a glyph of one of the typeface's fonts. */
export interface PlacedGlyph {
  /** Index into `fonts`. */
  readonly font: number;
  readonly glyph: number;
  readonly codePoint: number;
  /** Width in ems. */
  readonly width: number;
}

/** Several fonts as one: each character comes from the first font that has it. */
export class Typeface {
  readonly fonts: readonly TrueTypeFont[];

  constructor(fonts: readonly TrueTypeFont[]) {
    this.fonts = fonts;
  }

  /** A line of text as glyphs, left to right. What no font has is the first font's box for missing characters. */
  glyphs(text: string): readonly PlacedGlyph[] {
    return Array.from(text.normalize('NFC'), (character) => {
      const codePoint = character.codePointAt(0)!;
      const found = this.fonts.findIndex((font) => font.glyphOf(codePoint) !== 0);
      const font = Math.max(0, found);
      const glyph = found < 0 ? 0 : this.fonts[font]!.glyphOf(codePoint);
      return { font, glyph, codePoint, width: this.fonts[font]!.advance(glyph) / this.fonts[font]!.unitsPerEm };
    });
  }

  /** Width of a line, ems. */
  width(text: string): number {
    return this.glyphs(text).reduce((sum, { width }) => sum + width, 0);
  }

  /** Breaks a text into lines of at most `limit` ems: at spaces where there are any, else between characters (Chinese has no spaces). */
  wrap(text: string, limit: number): readonly string[] {
    const lines: string[] = [];
    let line = '';
    for (const word of text.split(/(?<=\s)/)) {
      if (line !== '' && this.width((line + word).trimEnd()) > limit) {
        lines.push(line.trimEnd());
        line = '';
      }
      for (const character of word) {
        if (line.trim() !== '' && this.width((line + character).trimEnd()) > limit) {
          lines.push(line.trimEnd());
          line = '';
        }
        line += character;
      }
    }
    return [...lines, line.trimEnd()];
  }
}
