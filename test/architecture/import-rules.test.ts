import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { forbiddenNames, layers, reserved, reservedWords } from './import-table.ts';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

interface Source {
  readonly file: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function readSources(): Source[] {
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => {
      const full = path.join(entry.parentPath, entry.name);
      const text = readFileSync(full, 'utf8');
      const pattern = /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*'([^']+)'|(?:^|\n)\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'/g;
      const imports = [...text.matchAll(pattern)].map((match) => (match[1] ?? match[2] ?? match[3])!);
      return { file: path.relative(src, full), text, imports };
    });
}

function layerOf(file: string): string | undefined {
  return layers.find((layer) => file.startsWith(`${layer.folder}/`))?.folder;
}

function targetOf(source: Source, specifier: string): string | undefined {
  return specifier.startsWith('.') ? path.relative(src, path.join(src, path.dirname(source.file), specifier)) : undefined;
}

const sources = readSources();
const server = sources.filter((source) => !source.file.startsWith('web/'));

suite('architecture', () => {
  test('the sources are found', () => {
    assert.ok(server.length > 5);
  });

  test('every server source lies in a folder of the table', () => {
    const homeless = server.filter((source) => source.file !== 'main.ts' && layerOf(source.file) === undefined);
    assert.deepEqual(homeless.map((source) => source.file), []);
  });

  test('imports follow the table', () => {
    const breaches: string[] = [];
    for (const source of server) {
      const from = layerOf(source.file);
      for (const specifier of source.imports) {
        const target = targetOf(source, specifier);
        if (target === undefined) continue;
        const to = layerOf(target);
        const allowed = from === undefined || to === from || layers.find((layer) => layer.folder === from)!.below.includes(to ?? '');
        if (!allowed) breaches.push(`${source.file} imports ${target}`);
      }
    }
    assert.deepEqual(breaches, []);
  });

  test('the page imports no server code but the types of its API', () => {
    const breaches = sources
      .filter((source) => source.file.startsWith('web/'))
      .flatMap((source) => source.imports.map((specifier) => targetOf(source, specifier)))
      .filter((target) => target !== undefined && !target.startsWith('web/') && target !== 'edges/operator/api-types.ts');
    assert.deepEqual(breaches, []);
  });

  test('imports have no cycles', () => {
    const graph = new Map(sources.map((source) => [source.file, source.imports.flatMap((s) => targetOf(source, s) ?? [])]));
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) {
        cycles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
        return;
      }
      if (done.has(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
      done.add(file);
    };
    for (const file of graph.keys()) visit(file, []);
    assert.deepEqual(cycles, []);
  });

  test('reserved modules stay where the table puts them', () => {
    const breaches = server.flatMap((source) =>
      source.imports
        .filter((specifier) => reserved.some((rule) => rule.module.test(specifier) && !rule.folders.some((folder) => source.file.startsWith(folder))))
        .map((specifier) => `${source.file} imports ${specifier}`),
    );
    assert.deepEqual(breaches, []);
  });

  test('environment and wall clock are read in app and foundation only', () => {
    const breaches = server.flatMap((source) =>
      reservedWords
        .filter((rule) => rule.word.test(source.text) && !rule.folders.some((folder) => source.file.startsWith(`${folder}/`)))
        .map((rule) => `${source.file} uses ${rule.word.source}`),
    );
    assert.deepEqual(breaches, []);
  });

  test('no file is a barrel or has a name that says nothing', () => {
    const breaches = sources.filter((source) => {
      const name = path.basename(source.file).replace(/\.tsx?$/, '');
      const onlyReExports = source.imports.length > 1 && source.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').split(';').every((s) => s.trim() === '' || /^export\s.*from/s.test(s.trim()));
      return forbiddenNames.includes(name) || onlyReExports;
    });
    assert.deepEqual(breaches.map((source) => source.file), []);
  });

  test('no source is longer than 400 lines (tables and generated code excepted)', () => {
    const long = sources.filter((s) => !/(^|\/)generated\/|-table\.tsx?$/.test(s.file) && s.text.split('\n').length > 401);
    assert.deepEqual(long.map((source) => source.file), []);
  });
});
