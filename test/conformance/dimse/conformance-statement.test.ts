import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { conformanceTables } from '../../support/conformance-tables.ts';

const file = fileURLToPath(new URL('../../../docs/conformance/dicom-conformance-statement.md', import.meta.url));

suite('docs/conformance/dicom-conformance-statement.md', () => {
  test('its tables are what the code does (UPDATE_CONFORMANCE=1 writes them anew)', async () => {
    const tables = await conformanceTables();
    const before = readFileSync(file, 'utf8');
    const used = new Set<string>();

    const after = before.replaceAll(/<!-- table ([a-z-]+) -->\n[^]*?<!-- end -->/g, (_all, name: string) => {
      used.add(name);
      return `<!-- table ${name} -->\n${tables.get(name) ?? 'no such table'}\n<!-- end -->`;
    });

    if (process.env['UPDATE_CONFORMANCE'] === '1') writeFileSync(file, after);
    assert.deepEqual([...used].sort(), [...tables.keys()].sort());
    assert.equal(process.env['UPDATE_CONFORMANCE'] === '1' || after === before, true, 'run this test with UPDATE_CONFORMANCE=1 and look at the difference');
  });
});
