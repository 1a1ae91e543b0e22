import type { Picture, Rgb } from './canvas.ts';
import { PdfFile, pdfText } from './pdf-file.ts';
import { embedFont, hex16 } from './pdf-font.ts';
import type { Typeface } from './typeface.ts';

export interface PdfDescription {
  readonly title: string;
  readonly creator: string;
  /** `D:YYYYMMDDHHMMSS+HH'MM'` (ISO 32000-1 §7.9.4). */
  readonly createdAt: string;
  /** Hex, 32 digits. */
  readonly id: string;
}

export interface PdfLine {
  readonly size: number;
  readonly colour: Rgb;
  readonly left: number;
}

/** A4 in points. */
export const page = { width: 595, height: 842, margin: 56 } as const;

const foot = 40;

/** Fills A4 pages from the top; a new page begins where the old one is full, each with the same line at its foot. */
export class PdfPages {
  readonly #typeface: Typeface;
  readonly #footer: string;
  readonly #pages: string[][] = [];
  readonly #pictures: Picture[] = [];
  readonly #used: Map<number, number>[];
  /** Distance of the next line from the top of the page. */
  #top = 0;

  constructor(typeface: Typeface, footer: string) {
    this.#typeface = typeface;
    this.#footer = footer;
    this.#used = typeface.fonts.map(() => new Map<number, number>());
    this.#turn();
  }

  /** A paragraph from the left edge given, broken at the right margin. */
  paragraph(text: string, { size, colour, left }: PdfLine, width = page.width - page.margin - left): void {
    for (const line of this.#typeface.wrap(text, width / size)) {
      this.#room(size * 1.4);
      this.#show(line, left, this.#top + size, size, colour);
      this.#top += size * 1.4;
    }
  }

  /** A row of a table: its cells begin at the same height; the next row begins below the longest. */
  row(cells: readonly { readonly text: string; readonly left: number; readonly width: number }[], size: number, colour: Rgb): void {
    const broken = cells.map(({ text, left, width }) => ({ left, lines: this.#typeface.wrap(text, width / size) }));
    const count = Math.max(...broken.map(({ lines }) => lines.length));
    for (let index = 0; index < count; index++) {
      this.#room(size * 1.4);
      for (const { left, lines } of broken) this.#show(lines[index] ?? '', left, this.#top + size, size, colour);
      this.#top += size * 1.4;
    }
  }

  space(points: number): void {
    this.#top += points;
  }

  /** A line across the page. */
  rule(colour: Rgb): void {
    this.#room(8);
    const y = page.height - this.#top - 3;
    this.#draw(`${rgbOf(colour)} RG 0.6 w ${page.margin} ${y.toFixed(2)} m ${page.width - page.margin} ${y.toFixed(2)} l S`);
    this.#top += 7;
  }

  /** Coloured box with one paragraph in it. */
  notice(text: string, size: number, ink: Rgb, paper: Rgb): void {
    const room = page.width - 2 * page.margin - 16;
    const lines = this.#typeface.wrap(text, room / size).length;
    const height = lines * size * 1.4 + 10;
    this.#room(height);
    this.#draw(`${rgbOf(paper)} rg ${page.margin} ${(page.height - this.#top - height).toFixed(2)} ${page.width - 2 * page.margin} ${height.toFixed(2)} re f`);
    this.#top += 4;
    this.paragraph(text, { size, colour: ink, left: page.margin + 8 }, room);
    this.#top += 8;
  }

  /** Pictures side by side, each with its caption below. */
  pictures(entries: readonly { readonly picture: Picture; readonly caption: string }[], width: number, height: number): void {
    this.#room(height + 20);
    entries.forEach(({ picture, caption }, index) => {
      const scale = Math.min(width / picture.width, height / picture.height);
      const left = page.margin + index * (width + 12);
      const number = this.#pictures.push(picture);
      const bottom = page.height - this.#top - picture.height * scale;
      this.#draw(`q ${(picture.width * scale).toFixed(2)} 0 0 ${(picture.height * scale).toFixed(2)} ${left.toFixed(2)} ${bottom.toFixed(2)} cm /P${number} Do Q`);
      this.#show(caption, left, this.#top + picture.height * scale + 11, 8, [80, 80, 80]);
    });
    this.#top += height + 20;
  }

  bytes({ title, creator, createdAt, id }: PdfDescription): Buffer {
    const count = this.#pages.length;
    this.#pages.forEach((content, index) => {
      this.#top = 0;
      const line = `${this.#footer}   ${index + 1}/${count}`;
      content.push(this.#shown(line, page.margin, page.height - foot + 14, Math.min(7.5, (page.width - 2 * page.margin) / this.#typeface.width(line)), [90, 90, 90]));
    });
    const file = new PdfFile();
    const catalog = file.reserve();
    const tree = file.reserve();
    const fonts = this.#typeface.fonts.flatMap((font, index) => {
      const used = this.#used[index]!;
      return used.size === 0 ? [] : [`/F${index} ${embedFont(file, font, used, `AAAAA${String.fromCharCode(65 + index)}+Font${index}`)} 0 R`];
    });
    const images = this.#pictures.map((picture, index) => {
      const entries = `/Type /XObject /Subtype /Image /Width ${picture.width} /Height ${picture.height} /ColorSpace /DeviceRGB /BitsPerComponent 8`;
      return `/P${index + 1} ${file.addStream(entries, picture.rgb)} 0 R`;
    });
    const resources = file.add(`<< /Font << ${fonts.join(' ')} >> /XObject << ${images.join(' ')} >> >>`);
    const leaves = this.#pages.map((content) => {
      const stream = file.addStream('', Buffer.from(content.join('\n'), 'latin1'));
      return file.add(`<< /Type /Page /Parent ${tree} 0 R /MediaBox [0 0 ${page.width} ${page.height}] /Resources ${resources} 0 R /Contents ${stream} 0 R >>`);
    });
    file.add(`<< /Type /Pages /Kids [${leaves.map((leaf) => `${leaf} 0 R`).join(' ')}] /Count ${count} >>`, tree);
    file.add(`<< /Type /Catalog /Pages ${tree} 0 R /Lang (en-US) /ViewerPreferences << /DisplayDocTitle true >> >>`, catalog);
    const information = file.add(`<< /Title ${pdfText(title)} /Creator ${pdfText(creator)} /Producer ${pdfText(creator)} /CreationDate (${createdAt}) >>`);
    return file.bytes(catalog, information, id);
  }

  #show(text: string, left: number, baseline: number, size: number, colour: Rgb): void {
    if (text === '') return;
    this.#draw(this.#shown(text, left, baseline, size, colour));
  }

  /** Runs of one font each. @param baseline from the top of the page */
  #shown(text: string, left: number, baseline: number, size: number, colour: Rgb): string {
    const parts = [`BT ${rgbOf(colour)} rg 1 0 0 1 ${left.toFixed(2)} ${(page.height - baseline).toFixed(2)} Tm`];
    let current = -1;
    let run = '';
    const flush = (): void => {
      if (run !== '') parts.push(`<${run}> Tj`);
      run = '';
    };
    for (const { font, glyph, codePoint } of this.#typeface.glyphs(text)) {
      if (font !== current) {
        flush();
        parts.push(`/F${font} ${size.toFixed(2)} Tf`);
        current = font;
      }
      this.#used[font]!.set(glyph, glyph === 0 ? 0xfffd : codePoint);
      run += hex16(glyph);
    }
    flush();
    return [...parts, 'ET'].join(' ');
  }

  #draw(operators: string): void {
    this.#pages.at(-1)!.push(operators);
  }

  #room(height: number): void {
    if (this.#top + height > page.height - page.margin - foot / 2) this.#turn();
  }

  #turn(): void {
    this.#pages.push([]);
    this.#top = page.margin;
  }
}

function rgbOf(colour: Rgb): string {
  return colour.map((channel) => (channel / 255).toFixed(3)).join(' ');
}
