import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { askEveryone, type EchoResult } from '../../../../src/app/cli/echo-all.ts';
import { loadConfig } from '../../../../src/app/config/load-config.ts';
import { startScp, type TestScp } from '../../../support/dimse-scp.ts';
import { freePort } from '../../../support/dimse-wait.ts';

suite('isocenter echo --all', () => {
  let folder: string;
  let scp: TestScp;
  let http: Server;
  suiteSetup(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-echo-'));
    scp = await startScp();
    http = createServer((request, response) => void response.writeHead(request.url!.startsWith('/open') ? 204 : request.url!.startsWith('/locked') ? 401 : 404).end()).listen(0, '127.0.0.1');
    await new Promise((resolve) => http.once('listening', resolve));
  });
  suiteTeardown(async () => {
    await scp.stop();
    http.close();
    rmSync(folder, { recursive: true });
  });

  async function ask(config: object): Promise<readonly EchoResult[]> {
    const file = path.join(folder, 'isocenter.yaml');
    writeFileSync(file, stringify(config));
    const loaded = loadConfig({ file, environment: {} });
    assert.ok(loaded.ok, JSON.stringify(loaded));
    return askEveryone(loaded.value);
  }

  test('every peer is asked, and a peer that is not there, or has another title, comes with what to fix', async () => {
    const results = await ask({ dimse: { peers: [
      { aeTitle: 'ISOCENTER', host: '127.0.0.1', port: scp.port }, { aeTitle: 'OTHER', host: '127.0.0.1', port: scp.port }, { aeTitle: 'DEAD', host: '127.0.0.1', port: await freePort() },
    ] } });

    assert.deepEqual(results.map((result) => result.fix === ''), [true, false, false]);
    assert.match(results[1]!.fix, /aeTitle/);
    assert.match(results[2]!.fix, /Is it up/);
  });

  test('destinations of every kind are asked in their own protocol', async () => {
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const results = await ask({
      dimse: { peers: [{ aeTitle: 'ISOCENTER', host: '127.0.0.1', port: scp.port }] },
      destinations: [
        { name: 'pacs', kind: 'dimse-store', peer: 'ISOCENTER' }, { name: 'committing', kind: 'dimse-store', peer: 'ISOCENTER', storageCommitment: true },
        { name: 'web', kind: 'stow-rs', url: `${url}/open/studies` }, { name: 'locked', kind: 'stow-rs', url: `${url}/locked/studies` }, { name: 'wrong', kind: 'fhir', url: `${url}/nowhere` },
        { name: 'ris', kind: 'hl7-oru', host: '127.0.0.1', port: await freePort() }, { name: 'drop', kind: 'folder', path: './out' },
      ],
    });

    const byName = new Map(results.map((result) => [result.name.replace('destination ', ''), result]));
    assert.deepEqual(['pacs', 'committing', 'web', 'locked', 'wrong', 'ris', 'drop'].map((name) => byName.get(name)!.fix === ''), [true, false, true, false, false, false, true]);
    assert.match(byName.get('committing')!.fix, /Storage Commitment/);
    assert.match(byName.get('locked')!.fix, /passwordEnv/);
    assert.match(byName.get('wrong')!.fix, /FHIR base/);
  });
});
