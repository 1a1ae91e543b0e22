import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Agent } from 'undici';
import { createDestination } from '../../../src/destinations/registry.ts';
import { silentLog } from '../../../src/foundation/log.ts';
import { OauthTokens, oauthSchema } from '../../../src/peers/oauth-token.ts';
import { HandClock } from '../../support/delivery-fixture.ts';

suite('OAuth 2.0 for FHIR destinations', () => {
  const clock = new HandClock();
  const forms: URLSearchParams[] = [];
  const bearers: (string | undefined)[] = [];
  let tokenStatus = 200;
  let refuse = false;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      if (request.url === '/token') {
        forms.push(new URLSearchParams(body));
        if (request.headers.authorization !== undefined) forms.at(-1)!.set('basic', request.headers.authorization);
        response.writeHead(tokenStatus).end(JSON.stringify(tokenStatus === 200 ? { access_token: `token-${forms.length}`, expires_in: 300, token_type: 'bearer' } : { error: 'invalid_client' }));
        return;
      }
      bearers.push(request.headers.authorization);
      response.writeHead(refuse ? 401 : 200, { 'content-type': 'application/fhir+json' }).end(JSON.stringify({ resourceType: 'Bundle', type: 'transaction-response', entry: [] }));
    });
  });
  let base = '';
  let folder = '';

  suiteSetup(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-oauth-'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  suiteTeardown(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  setup(() => {
    forms.length = 0;
    bearers.length = 0;
    tokenStatus = 200;
    refuse = false;
  });

  const tools = { clock, resolvePath: (file: string) => file, secret: () => 'sec:ret' };
  const keyFile = (key: KeyObject): string => {
    const file = path.join(folder, `${key.asymmetricKeyType}.pem`);
    writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem' }));
    return file;
  };

  for (const [alg, pair] of [['RS384', () => generateKeyPairSync('rsa', { modulusLength: 2048 })], ['ES384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })]] as const) {
    test(`the assertion is signed with ${alg}, lives at most five minutes and is another each time [SMART Backend Services]`, async () => {
      const { privateKey, publicKey } = pair();
      const dispatcher = new Agent();
      const tokens = new OauthTokens(oauthSchema.parse({ tokenUrl: `${base}/token`, clientId: 'me', scope: 'system/*.write', privateKey: keyFile(privateKey), keyId: 'k1' }), { ...tools, dispatcher });

      const first = await tokens.token(new AbortController().signal);
      clock.forward(200_000);
      const held = await tokens.token(new AbortController().signal);
      clock.forward(100_000);
      const second = await tokens.token(new AbortController().signal);
      await dispatcher.destroy();

      assert.deepEqual([first, held, second], [{ token: 'token-1' }, { token: 'token-1' }, { token: 'token-2' }]);
      const parts = forms.map((form) => form.get('client_assertion')!.split('.'));
      const [header, claims] = parts[0]!.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
      assert.deepEqual([header!['alg'], header!['kid'], claims!['iss'], claims!['sub'], claims!['aud']], [alg, 'k1', 'me', 'me', `${base}/token`]);
      assert.ok((claims!['exp'] as number) - (claims!['iat'] as number) <= 300);
      const signed = Buffer.from(parts[0]!.slice(0, 2).join('.'));
      assert.ok(verify('sha384', signed, { key: createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })), dsaEncoding: 'ieee-p1363' }, Buffer.from(parts[0]![2]!, 'base64url')));
      assert.notEqual(parts[0]![1], parts[1]![1]);
      assert.equal(forms[0]!.get('scope'), 'system/*.write');
    });
  }

  test('with a secret it is form-encoded Basic [RFC 6749 §2.3.1]; no token: nothing is sent and it is transient; 401: the next token is another', async () => {
    const destination = createDestination({ name: 'ehr', kind: 'fhir', url: `${base}/fhir`, oauth: { tokenUrl: `${base}/token`, clientId: 'me', clientSecretEnv: 'S' } } as never, {
      ...tools, log: silentLog, software: 'test', dimse: { store: () => Promise.reject(new Error('not here')), probe: () => Promise.reject(new Error('not here')) },
    });
    const payload = { mediaType: 'application/fhir+json', studyInstanceUid: '1.2', name: 'bundle', bytes: Buffer.from('{"resourceType":"Bundle","type":"transaction"}') } as const;
    const send = async () => (await destination.deliver([payload], new AbortController().signal))[0]!;

    tokenStatus = 400;
    const without = await send();
    tokenStatus = 200;
    refuse = true;
    const denied = await send();
    refuse = false;
    const taken = await send();
    await destination.close();

    assert.deepEqual([without.kind, 'code' in without && without.code, 'failure' in without && without.failure], ['failed', 'OAUTH_TOKEN_REFUSED', 'transient']);
    assert.equal('code' in denied && denied.code, 'PEER_DENIED');
    assert.equal(taken.kind, 'delivered');
    assert.deepEqual(bearers, ['Bearer token-2', 'Bearer token-3']);
    assert.equal(forms[0]!.get('basic'), `Basic ${Buffer.from('me:sec%3Aret').toString('base64')}`);
  });

  test('a secret and a key at once, or neither, is a fault of the configuration', () => {
    const base_ = { tokenUrl: 'https://x/token', clientId: 'me' };
    assert.equal(oauthSchema.safeParse(base_).success, false);
    assert.equal(oauthSchema.safeParse({ ...base_, clientSecretEnv: 'S', privateKey: 'k' }).success, false);
  });
});
