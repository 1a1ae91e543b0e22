import { TextDecoder } from 'node:util';

/** Decoders by the labels of character-set-table.ts, made once. A byte that has no character becomes U+FFFD. */
const decoders = new Map<string, TextDecoder>();

/** Decodes bytes by a label of the table. `latin1` and `ascii` map each byte to the code point of the same number. */
export function decodeLabel(bytes: Uint8Array, label: string): string {
  if (label === 'latin1' || label === 'ascii') return latin1(bytes);
  if (label === 'katakana') return katakana(bytes);
  return decoderOf(label).decode(bytes);
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** Text of valid UTF-8; undefined when the bytes are not. */
export function strictUtf8(bytes: Uint8Array): string | undefined {
  const text = decoderOf('utf-8').decode(bytes);
  // U+FFFD can also stand in the text itself: only then is a second, strict look needed.
  if (!text.includes('\ufffd')) return text;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function decoderOf(label: string): TextDecoder {
  let decoder = decoders.get(label);
  if (decoder === undefined) {
    decoder = new TextDecoder(label, { ignoreBOM: true });
    decoders.set(label, decoder);
  }
  return decoder;
}

/** JIS X 0201: ASCII below, half-width katakana in A1–DF. 5C and 7E stay `\` and `~`: they are delimiters and paths before they are ¥ and ‾. */
function katakana(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte < 0x80 ? byte : byte >= 0xa1 && byte <= 0xdf ? byte - 0xa1 + 0xff61 : 0xfffd);
  return text;
}
