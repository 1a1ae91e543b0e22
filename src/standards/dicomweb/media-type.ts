/** One media range of an Accept header, or the one media type of a Content-Type, RFC 9110 §8.3 and §12.5.1. */
export interface MediaRange {
  /** Lower case, for example `multipart/related` or `*` + `/*`. */
  readonly type: string;
  /** Names in lower case; values unquoted, as written. */
  readonly parameters: ReadonlyMap<string, string>;
  /** 0–1; 1 when absent. */
  readonly q: number;
}

const MOST_RANGES = 64;

/** The ranges of an Accept header, best first; equal ones in the order written. Ranges that are malformed are left out (PS3.18 §8.7.4: unknown ones are ignored). */
export function parseAccept(header: string): MediaRange[] {
  return splitOutsideQuotes(header, ',')
    .slice(0, MOST_RANGES)
    .map(parseMediaType)
    .filter((range) => range !== undefined)
    .map((range, place) => ({ range, place }))
    .sort((a, b) => b.range.q - a.range.q || a.place - b.place)
    .map(({ range }) => range);
}

/** One media type with its parameters; undefined when it is malformed. Tolerates missing quotes (`type=application/dicom`). */
export function parseMediaType(text: string): MediaRange | undefined {
  const [type = '', ...rest] = splitOutsideQuotes(text, ';').map((part) => part.trim());
  if (!/^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+$/.test(type)) return undefined;
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const at = part.indexOf('=');
    if (at > 0) parameters.set(part.slice(0, at).trim().toLowerCase(), unquote(part.slice(at + 1).trim()));
  }
  const q = Number(parameters.get('q') ?? 1);
  return { type: type.toLowerCase(), parameters, q: Number.isFinite(q) ? Math.min(1, Math.max(0, q)) : 0 };
}

function unquote(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (quoted && c === '\\') i += 1;
    else if (c === '"') quoted = !quoted;
    else if (c === separator && !quoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
