export interface XmlNode {
  /** Without its namespace prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
  /** All character data directly inside. */
  readonly text: string;
}

interface OpenNode {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: OpenNode[];
  text: string;
}

const NAME = String.raw`[A-Za-z_][\w.:-]*`;
const OPEN = new RegExp(String.raw`<(${NAME})((?:\s+${NAME}\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(/?)>`, 'y');
const CLOSE = new RegExp(String.raw`</(${NAME})\s*>`, 'y');
const ATTRIBUTE = new RegExp(String.raw`(${NAME})\s*=\s*(?:"([^"]*)"|'([^']*)')`, 'g');

/** Parses XML without document type. Returns the root, or a sentence that says what is wrong. Time is linear in the length. */
export function parseXml(text: string, limits: { readonly maxDepth: number; readonly maxNodes: number }): XmlNode | string {
  const root: OpenNode = { name: '', attributes: {}, children: [], text: '' };
  const stack: OpenNode[] = [root];
  let left = limits.maxNodes;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    const node = stack.at(-1)!;
    const next = text.indexOf('<', at);
    const data = text.slice(at, next < 0 ? text.length : next);
    const decoded = unescapeXml(data);
    if (decoded === undefined) return 'unknown entity';
    node.text += decoded;
    if (next < 0) break;
    at = next;
    if (text.startsWith('<!DOCTYPE', at)) return 'document types are not accepted';
    const skipped = skip(text, at, node);
    if (skipped === undefined) return 'comment or processing instruction without end';
    if (skipped > at) {
      at = skipped;
      continue;
    }
    CLOSE.lastIndex = OPEN.lastIndex = at;
    const close = CLOSE.exec(text);
    const open = close === null ? OPEN.exec(text) : null;
    if (close !== null) {
      if (stack.length < 2 || local(close[1]!) !== node.name) return 'end tag without its start';
      stack.pop();
      at += close[0].length;
    } else if (open !== null) {
      if (--left < 0) return 'too many elements';
      if (stack.length > limits.maxDepth) return 'nested too deep';
      const child: OpenNode = { name: local(open[1]!), attributes: attributesOf(open[2]!), children: [], text: '' };
      node.children.push(child);
      if (open[3] === '') stack.push(child);
      at += open[0].length;
    } else return 'no tag where one must stand';
  }
  if (stack.length !== 1 || root.children.length !== 1) return 'not one whole element';
  return root.children[0]!;
}

/** Behind a comment, an instruction or CDATA (whose text is taken); `at` itself when none stands there. */
function skip(text: string, at: number, node: OpenNode): number | undefined {
  for (const [start, end] of [['<!--', '-->'], ['<?', '?>'], ['<![CDATA[', ']]>']] as const) {
    if (!text.startsWith(start, at)) continue;
    const to = text.indexOf(end, at + start.length);
    if (to < 0) return undefined;
    if (start === '<![CDATA[') node.text += text.slice(at + start.length, to);
    return to + end.length;
  }
  return at;
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const match of text.matchAll(ATTRIBUTE)) attributes[local(match[1]!)] = unescapeXml(match[2] ?? match[3] ?? '') ?? '';
  return attributes;
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string | undefined {
  if (!text.includes('&')) return text;
  let known = true;
  const plain = text.replaceAll(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|\w+);/g, (_whole, name: string) => {
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : name.startsWith('#') ? Number(name.slice(1)) : undefined;
    if (code !== undefined) return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    const entity = ENTITIES[name];
    if (entity === undefined) known = false;
    return entity ?? '';
  });
  return known ? plain : undefined;
}
