import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { crossChecks, isLoopback } from '../../../../src/app/config/cross-checks.ts';
import { unknownVariables } from '../../../../src/app/config/environment.ts';
import { describeFault, loadConfig, type Config, type ConfigFault } from '../../../../src/app/config/load-config.ts';
import { describedPaths } from '../../../../src/app/config/schema-walk.ts';
import { configSchema } from '../../../../src/app/config/schema.ts';
import { unbuilt } from '../../../../src/app/config/unbuilt.ts';

const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const example = path.join(repository, 'config/isocenter.example.yaml');

let folder: string;

function load(text: string, environment: Record<string, string> = {}): Config {
  const file = path.join(folder, 'isocenter.yaml');
  writeFileSync(file, text);
  const result = loadConfig({ file, environment });
  if (!result.ok) assert.fail(result.fault.map(describeFault).join('\n'));
  return result.value;
}

function faultsOf(text: string, environment: Record<string, string> = {}): readonly ConfigFault[] {
  const file = path.join(folder, 'isocenter.yaml');
  writeFileSync(file, text);
  const result = loadConfig({ file, environment });
  assert.equal(result.ok, false);
  return result.ok ? [] : result.fault;
}

/** Key paths of a parsed file, list elements written as `[]`. */
function pathsOf(value: unknown, prefix = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => pathsOf(entry, `${prefix}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, entry]) => {
    const at = prefix === '' ? key : `${prefix}.${key}`;
    return [at, ...pathsOf(entry, at)];
  });
}

suite('configuration', () => {
  setup(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-config-'));
  });
  teardown(() => rmSync(folder, { recursive: true, force: true }));

  test('an empty file and no file at all give the documented defaults', () => {
    const none = loadConfig({ file: null, environment: {} });

    const config = load('');

    assert.ok(none.ok);
    assert.deepEqual([config.dimse.port, config.http.port, config.hl7.port, config.dimse.host], [11112, 8080, 2575, '127.0.0.1']);
    assert.deepEqual(config.dimse.aeTitle, ['ISOCENTER']);
    assert.deepEqual([config.completeness.quietSeconds, config.completeness.maxWaitSeconds], [30, 900]);
    assert.deepEqual([config.database.url, config.rules, config.models.slots], [null, [], 1]);
    assert.equal(config.models.dir, path.join(repository, 'models'));
    assert.equal(config.dataDir, path.join(folder, 'data'));
  });

  test('the example holds every key of the schema, and the schema every key of the example', () => {
    const enabled = readFileSync(example, 'utf8').replaceAll(/^(\s*)#(\w)/gm, '$1$2');

    const written = new Set(pathsOf(parse(enabled)).filter((at) => !at.startsWith('rules[].when.attributes.')));

    const known = new Set(describedPaths(configSchema).map((entry) => entry.path));
    assert.deepEqual([...known].filter((at) => !written.has(at)), []);
    assert.deepEqual([...written].filter((at) => !known.has(at)), []);
  });

  test('the example and the demo file are valid as they stand', () => {
    for (const file of [example, path.join(repository, 'config/demo.yaml')]) {
      const result = loadConfig({ file, environment: {} });
      assert.deepEqual(result.ok ? [] : result.fault.map(describeFault), []);
    }
  });

  test('every key has its sentence', () => {
    assert.deepEqual(describedPaths(configSchema).filter((entry) => entry.sentence === undefined && entry.path !== 'destinations[].kind').map((entry) => entry.path), []);
  });

  test('all faults are reported at once, each with its line', () => {
    const faults = faultsOf(['dimse:', '  port: 99999', '  aeTitel: X', 'completness:', '  quietSeconds: 5', 'rules:', '  - name: a', '    late: maybe'].join('\n'));

    assert.deepEqual(faults.map((entry) => [entry.line, entry.key]), [[2, 'dimse.port'], [3, 'dimse.aeTitel'], [4, 'completness'], [8, 'rules.0.late']]);
  });

  test('an unknown key names the nearest known one, also inside a list of several kinds', () => {
    const faults = faultsOf(['dimse: { aeTitel: X }', 'destinations:', '  - { name: a, kind: fhir, urll: "http://x/" , url: "http://x/" }'].join('\n'));

    assert.match(faults[0]!.message, /did you mean aeTitle\?/);
    assert.match(faults[1]!.message, /did you mean url\?/);
    assert.equal(faults[1]!.line, 3);
  });

  test('a syntax fault is reported with its line', () => {
    const faults = faultsOf('dimse:\n  port: [1\nhttp: {}\n');

    assert.ok(faults.every((entry) => entry.line >= 2));
  });

  test('a file that cannot be read is a fault of its own', () => {
    const result = loadConfig({ file: path.join(folder, 'absent.yaml'), environment: {} });

    assert.ok(!result.ok);
    assert.match(describeFault(result.fault[0]!), /ENOENT/);
  });

  test('a section whose lines are all commented out means its defaults', () => {
    assert.equal(load('dimse:\n  # port: 1\nhttp:\n  auth:\n').dimse.port, 11112);
  });

  test('the environment overrides the file, and a fault in it names the variable', () => {
    const config = load('dimse: { port: 1, aeTitle: FILE }\n', { ISOCENTER_DIMSE_PORT: '2', ISOCENTER_AE_TITLE: 'ENV', ISOCENTER_DATA_DIR: '/x', ISOCENTER_ADMIN_TOKEN: 't' });

    assert.deepEqual([config.dimse.port, config.dimse.aeTitle, config.dataDir, config.adminToken], [2, ['ENV'], '/x', 't']);
    const faults = faultsOf('', { ISOCENTER_HTTP_PORT: 'x', ISOCENTER_AE_TITLE: 'A TITLE THAT IS TOO LONG' });
    assert.deepEqual(faults.map((entry) => [entry.file, entry.key]), [['environment', 'ISOCENTER_HTTP_PORT'], ['environment', 'ISOCENTER_AE_TITLE']]);
  });

  test('a misspelt variable is found', () => {
    assert.deepEqual(unknownVariables({ ISOCENTER_DIMSE_PRT: '1', ISOCENTER_CONFIG: 'x', HOME: '/' }), ['ISOCENTER_DIMSE_PRT']);
  });

  test('paths are relative to the file', () => {
    const config = load('dataDir: d\nmodels: { dir: m }\ndestinations: [{ name: a, kind: folder, path: ./o }]\n');

    assert.deepEqual([config.dataDir, config.models.dir], [path.join(folder, 'd'), path.join(folder, 'm')]);
    assert.equal(config.destinations[0]?.kind === 'folder' && config.destinations[0].path, path.join(folder, 'o'));
  });

  test('the result is frozen all the way down', () => {
    const config = load('rules: [{ name: a }]\n');

    assert.ok(Object.isFrozen(config) && Object.isFrozen(config.dimse) && Object.isFrozen(config.rules[0]?.run));
  });

  test('one text stands for a list of one', () => {
    assert.deepEqual(load('rules: [{ name: a, when: { modality: CT } }]\n').rules[0]?.when.modality, ['CT']);
  });

  test('names that mean nothing are found: destinations of rules, peers of destinations, names given twice', () => {
    const faults = faultsOf(
      ['destinations:', '  - { name: a, kind: dimse-store, peer: NOBODY }', '  - { name: a, kind: folder, path: x }', 'rules:', '  - { name: r, deliver: [b] }', 'storage: { kind: s3 }', 'completeness: { quietSeconds: 9, maxWaitSeconds: 5 }'].join('\n'),
    );

    assert.deepEqual(faults.map((entry) => entry.line), [2, 3, 5, 6, 6, 7]);
  });

  test('TLS files must exist', () => {
    assert.deepEqual(faultsOf('http:\n  tls: { cert: c.pem, key: k.pem }\n').map((entry) => entry.key), ['http.tls.cert', 'http.tls.key']);
  });

  test('environment variables that hold secrets of destinations must be set', () => {
    const text = 'destinations:\n  - { name: a, kind: fhir, url: "http://x/" , bearerTokenEnv: NO_SUCH_TOKEN }\n';

    assert.deepEqual(faultsOf(text).map((entry) => [entry.line, entry.key]), [[2, 'destinations.0.bearerTokenEnv']]);
    assert.equal(load(text, { NO_SUCH_TOKEN: 'x' }).destinations.length, 1);
  });

  test('a password in the database URL does not change the digest', () => {
    const one = load('', { ISOCENTER_DATABASE_URL: 'postgresql://u:one@h/d' });
    const other = load('', { ISOCENTER_DATABASE_URL: 'postgresql://u:other@h/d' });

    assert.equal(one.digest, other.digest);
    assert.notEqual(one.digest, load('').digest);
  });

  test('what listens beyond loopback needs TLS or an allow-list, and HTTP a login, unless insecure is written out', () => {
    const open = 'dimse: { host: 0.0.0.0 }\nhttp: { host: 0.0.0.0 }\nhl7: { host: "::" }\n';

    assert.deepEqual(faultsOf(open).map((entry) => entry.key), ['dimse.acceptUnknownCallers', 'http.host', 'http.auth.required', 'hl7.host']);
    assert.equal(load(`insecure: true\n${open}`).dimse.host, '0.0.0.0');
    assert.equal(load('dimse: { host: 0.0.0.0, acceptUnknownCallers: false }\n').dimse.acceptUnknownCallers, false);
  });

  test('the security rules look at every listener, and all of 127/8 and ::1 is loopback', () => {
    const config = load('insecure: true\ndimse: { listeners: [{ host: 10.0.0.1, port: 104 }] }\n');

    assert.equal(crossChecks({ ...config, insecure: false }).length, 1);
    assert.deepEqual(['127.8.8.8', '::1', 'localhost', '10.0.0.1', '::', 'example.org'].map(isLoopback), [true, true, true, false, false, false]);
  });
});

suite('what is configured and not built yet', () => {
  setup(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-config-'));
  });
  teardown(() => rmSync(folder, { recursive: true, force: true }));

  test('is said, part by part', () => {
    const text = [
      'storage: { kind: s3, endpoint: "https://s3.example.org", bucket: b }', 'hl7: { port: 2600 }', 'http: { auth: { oidc: { issuer: "https://login.example.org", audience: a } } }',
      'dimse: { peers: [{ aeTitle: P, host: h, port: 104 }] }', 'destinations: [{ name: d, kind: dimse-store, peer: P, storageCommitment: true }]',
    ].join('\n');

    const notices = unbuilt(load(text));

    for (const part of ['s3', 'hl7', 'oidc']) assert.ok(notices.some((notice) => notice.includes(part)), part);
  });

  test('is nothing for the defaults', () => {
    assert.deepEqual(unbuilt(load('')), []);
  });
});
