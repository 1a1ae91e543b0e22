import { deflateSync } from 'node:zlib';

/** Writes the objects of a PDF 1.4 file (ISO 32000-1 §7.5) in the order in which they are added. The same objects give the same bytes. */
export class PdfFile {
  readonly #objects: Buffer[] = [];

  /** Keeps a number for an object that is written later. */
  reserve(): number {
    return this.#objects.push(Buffer.alloc(0));
  }

  /** Returns the object's number. */
  add(body: string, number = this.reserve()): number {
    this.#objects[number - 1] = Buffer.from(body, 'latin1');
    return number;
  }

  /** A stream, deflated. `entries` are those of its dictionary beside length and filter. */
  addStream(entries: string, bytes: Uint8Array, number = this.reserve()): number {
    const packed = deflateSync(bytes, { level: 9 });
    const head = Buffer.from(`<< ${entries} /Filter /FlateDecode /Length ${packed.length} >>\nstream\n`, 'latin1');
    this.#objects[number - 1] = Buffer.concat([head, packed, Buffer.from('\nendstream', 'latin1')]);
    return number;
  }

  /** @param id hex, 32 digits: the file identifier, derived from what the file is about so that repeats are equal */
  bytes(root: number, information: number, id: string): Buffer {
    // The second line says to transfer programs that this is no text (§7.5.2).
    const pieces = [Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
    let length = pieces[0]!.length;
    const offsets = this.#objects.map((body, index) => {
      const at = length;
      const piece = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`, 'latin1'), body, Buffer.from('\nendobj\n', 'latin1')]);
      pieces.push(piece);
      length += piece.length;
      return at;
    });
    const entries = ['0000000000 65535 f \n', ...offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`)];
    const trailer = `trailer\n<< /Size ${offsets.length + 1} /Root ${root} 0 R /Info ${information} 0 R /ID [<${id}> <${id}>] >>\nstartxref\n${length}\n%%EOF\n`;
    return Buffer.concat([...pieces, Buffer.from(`xref\n0 ${entries.length}\n${entries.join('')}${trailer}`, 'latin1')]);
  }
}

/** A text string of the file as UTF-16BE with its mark, in hexadecimal (§7.9.2.2). */
export function pdfText(text: string): string {
  const swapped = Buffer.from(`\uFEFF${text}`, 'utf16le').swap16();
  return `<${swapped.toString('hex').toUpperCase()}>`;
}
