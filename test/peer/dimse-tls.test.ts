import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/foundation/clock.ts';
import { GatewayError } from '../../src/foundation/errors.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { echo } from '../../src/peers/dimse/echo.ts';
import { freePort, listening } from '../support/dimse-wait.ts';
import { startScp, type TestScp } from '../support/dimse-scp.ts';
import { needsPeer } from '../support/peers.ts';

/** An authority and what it signed, made for this run. */
interface Keys {
  readonly folder: string;
  file(name: string): string;
  pem(name: string): Buffer;
}

function makeKeys(): Keys {
  const folder = mkdtempSync(path.join(tmpdir(), 'isocenter-tls-'));
  const file = (name: string): string => path.join(folder, name);
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const authority = (name: string): void => openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.crt`);
  const signed = (name: string, ca: string, serial: number): void => {
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    openssl('x509', '-req', '-days', '2', '-in', `${name}.csr`, '-CA', `${ca}.crt`, '-CAkey', `${ca}.key`, '-set_serial', String(serial), '-out', `${name}.crt`);
  };
  authority('hospital');
  authority('elsewhere');
  signed('gateway', 'hospital', 1);
  signed('gateway2', 'hospital', 2);
  signed('scanner', 'hospital', 3);
  signed('impostor', 'elsewhere', 4);
  return { folder, file, pem: (name) => readFileSync(file(name)) };
}

suite('DICOM over TLS  [PS3.15 §B.12]', () => {
  let keys: Keys;
  let server: TestScp | undefined;
  suiteSetup(function () {
    needsPeer(this, 'openssl', 'echoscu');
    keys = makeKeys();
  });
  suiteTeardown(() => {
    if (keys !== undefined) rmSync(keys.folder, { recursive: true });
  });
  teardown(async () => {
    await server?.stop();
    server = undefined;
  });

  const serverTls = (requireClientCertificate: boolean, name = 'gateway'): { cert: Buffer; key: Buffer; ca: Buffer; requireClientCertificate: boolean } => ({
    cert: keys.pem(`${name}.crt`),
    key: keys.pem(`${name}.key`),
    ca: keys.pem('hospital.crt'),
    requireClientCertificate,
  });
  const start = async (requireClientCertificate: boolean): Promise<number> => {
    server = await startScp({
      listeners: [{ host: '127.0.0.1', port: 0, tls: serverTls(requireClientCertificate) }],
      admission: { aeTitles: ['ISOCENTER'], acceptUnknownCallers: true, peers: [{ aeTitle: 'SCANNER', certificate: { commonName: 'scanner' } }] },
      times: { artimMs: 2_000 },
    });
    return server.port;
  };
  const echoscu = (port: number, ...args: readonly string[]): Promise<{ code: number; output: string }> =>
    new Promise((resolve) => {
      execFile('echoscu', [...args, '-aec', 'ISOCENTER', '127.0.0.1', String(port)], { timeout: 20_000 }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : 1, output: stdout + stderr }));
    });
  const trust = (): string[] => ['+cf', keys.file('hospital.crt')];
  const as = (name: string): string[] => ['+tls', keys.file(`${name}.key`), keys.file(`${name}.crt`)];
  const echoOver = (port: number, ca: string, client?: string): Promise<number> =>
    echo(
      {
        host: '127.0.0.1',
        port,
        aeTitle: 'ISOCENTER',
        callingAe: 'SCANNER',
        tls: { ca: keys.pem(ca), serverName: 'gateway', ...(client === undefined ? {} : { cert: keys.pem(`${client}.crt`), key: keys.pem(`${client}.key`) }) },
      },
      { clock: systemClock, log: silentLog, signal: AbortSignal.timeout(10_000) },
    );

  test('echoscu --anonymous-tls is served when no client certificate is required, in each BCP 195 profile', async () => {
    const port = await start(false);

    for (const profile of ['+py', '+px']) {
      const { code, output } = await echoscu(port, '--anonymous-tls', profile, ...trust());
      assert.equal(code, 0, output);
    }
    assert.ok(server!.events.every((event) => event.kind === 'association-opened' && event.isTls));
  });

  test('echoscu +tls with a certificate of our authority is served, one of another or none is not', async () => {
    const port = await start(true);

    assert.equal((await echoscu(port, ...as('scanner'), ...trust())).code, 0);
    assert.notEqual((await echoscu(port, ...as('impostor'), ...trust())).code, 0);
    assert.notEqual((await echoscu(port, '--anonymous-tls', ...trust())).code, 0);
    assert.deepEqual(server!.events.map((event) => event.kind), ['association-opened', 'connection-failed', 'connection-failed']);
  });

  test('a title bound to a certificate is not recognised with another one', async () => {
    const port = await start(false);

    assert.equal((await echoscu(port, '-aet', 'SCANNER', ...as('scanner'), ...trust())).code, 0);
    const { output } = await echoscu(port, '-aet', 'SCANNER', '--anonymous-tls', ...trust());

    assert.match(output, /Calling AE Title Not Recognized/);
  });

  test('plain DICOM at the TLS port is refused, and the port goes on', async () => {
    const port = await start(false);

    assert.notEqual((await echoscu(port, '-ta', '3')).code, 0);
    assert.equal((await echoscu(port, '--anonymous-tls', ...trust())).code, 0);
  });

  test('certificates are changed without a restart', async () => {
    const port = await start(false);
    await assert.rejects(echoOver(port, 'elsewhere.crt', 'scanner'));

    server!.scp.reloadTls(0, { cert: keys.pem('impostor.crt'), key: keys.pem('impostor.key'), ca: keys.pem('hospital.crt'), requireClientCertificate: false });

    await assert.rejects(echoOver(port, 'hospital.crt', 'scanner'), (error: unknown) => error instanceof GatewayError && error.code === 'DIMSE_TLS_FAILED' && error.failure === 'permanent');
    server!.scp.reloadTls(0, serverTls(false));
    assert.equal(await echoOver(port, 'hospital.crt', 'scanner'), 0);
  });

  test('we call storescp over TLS, with and without a certificate of ours', async function () {
    needsPeer(this, 'storescp');
    const port = await freePort();
    const storescp = spawn('storescp', ['--ignore', '-aet', 'DCMTK', '+tls', keys.file('gateway.key'), keys.file('gateway.crt'), '+cf', keys.file('hospital.crt'), String(port)], { stdio: 'ignore' });
    try {
      await listening(port);
      assert.equal(await echoOver(port, 'hospital.crt', 'scanner'), 0);
      await assert.rejects(echoOver(port, 'hospital.crt'), GatewayError);
      await assert.rejects(echoOver(port, 'elsewhere.crt', 'scanner'), (error: unknown) => error instanceof GatewayError && error.code === 'DIMSE_TLS_FAILED');
    } finally {
      storescp.kill();
    }
  });
});
