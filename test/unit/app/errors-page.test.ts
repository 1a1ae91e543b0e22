import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

function sources(): string {
  const folder = path.join(repository, 'src');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

suite('docs/errors.md', () => {
  const page = readFileSync(path.join(repository, 'docs/errors.md'), 'utf8');
  const text = sources();

  function missing(found: Iterable<RegExpMatchArray>): string[] {
    return [...new Set([...found].map((match) => match[1]!))].filter((code) => !page.includes(`\`${code}\``));
  }

  test('lists every code that a GatewayError is made with', () => {
    assert.deepEqual(missing(text.matchAll(/new GatewayError\(\s*'([A-Z_]+)'/g)), []);
  });

  test('lists every code that a delivery can fail with', () => {
    assert.deepEqual(missing(text.matchAll(/kind: 'failed'[^}]*?code: '([A-Z_]+)'/g)), []);
  });

  test('lists every kind of alert', () => {
    assert.deepEqual(missing(text.matchAll(/kind: '([A-Z][A-Z_]+)',\s*severity/g)), []);
  });
});
