import type { PdfFile } from './pdf-file.ts';
import type { TrueTypeFont } from './true-type-font.ts';

/**
 * Embeds the used glyphs of a font as Type 0 with a CIDFontType2 descendant (ISO 32000-1 §9.7): two bytes a glyph, glyph number = CID, widths,
 * and a ToUnicode map, so that names can be searched and copied.
 *
 * @param used code point by glyph number
 * @returns the number of the font object
 */
export function embedFont(file: PdfFile, font: TrueTypeFont, used: ReadonlyMap<number, number>, name: string): number {
  const glyphs = [...used.keys()].sort((a, b) => a - b);
  const perMille = (units: number): number => Math.round((units * 1000) / font.unitsPerEm);
  const program = font.subset(glyphs);
  const programNumber = file.addStream(`/Length1 ${program.length}`, program);
  const descriptor = file.add(
    `<< /Type /FontDescriptor /FontName /${name} /Flags 4 /FontBBox [${font.box.map(perMille).join(' ')}] /ItalicAngle 0 /Ascent ${perMille(font.ascent)} `
    + `/Descent ${perMille(font.descent)} /CapHeight ${perMille(font.ascent)} /StemV 80 /FontFile2 ${programNumber} 0 R >>`,
  );
  const widths = glyphs.map((glyph) => `${glyph} [${perMille(font.advance(glyph))}]`).join(' ');
  const descendant = file.add(
    `<< /Type /Font /Subtype /CIDFontType2 /BaseFont /${name} /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> `
    + `/FontDescriptor ${descriptor} 0 R /DW 1000 /W [${widths}] /CIDToGIDMap /Identity >>`,
  );
  const toUnicode = file.addStream('', Buffer.from(unicodeMap(glyphs, used), 'latin1'));
  return file.add(`<< /Type /Font /Subtype /Type0 /BaseFont /${name} /Encoding /Identity-H /DescendantFonts [${descendant} 0 R] /ToUnicode ${toUnicode} 0 R >>`);
}

function unicodeMap(glyphs: readonly number[], used: ReadonlyMap<number, number>): string {
  const lines = glyphs.map((glyph) => `<${hex16(glyph)}> <${Buffer.from(String.fromCodePoint(used.get(glyph)!), 'utf16le').swap16().toString('hex').toUpperCase()}>`);
  const blocks: string[] = [];
  // At most 100 entries a block (CMap specification §3).
  for (let start = 0; start < lines.length; start += 100) {
    const block = lines.slice(start, start + 100);
    blocks.push(`${block.length} beginbfchar\n${block.join('\n')}\nendbfchar`);
  }
  return `/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n${blocks.join('\n')}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n`;
}

export function hex16(value: number): string {
  return value.toString(16).toUpperCase().padStart(4, '0');
}
