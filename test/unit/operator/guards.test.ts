import assert from 'node:assert/strict';
import { request } from 'node:http';
import express from 'express';
import { createHealthRouter } from '../../../src/edges/operator/health-router.ts';
import { onlyKnownHosts } from '../../../src/edges/operator/known-host.ts';
import { requireBearer } from '../../../src/edges/operator/require-bearer.ts';
import { startHttpServer, type RunningHttpServer } from '../../../src/transport/http/http-server.ts';

suite('the doors of the HTTP listener', () => {
  let server: RunningHttpServer | undefined;

  teardown(async () => {
    await server?.stop(500);
    server = undefined;
  });

  async function serve(...handlers: express.RequestHandler[]): Promise<RunningHttpServer> {
    const app = express();
    for (const handler of handlers) app.use(handler);
    app.get('/secret', (_request, response) => void response.send('patient data'));
    server = await startHttpServer({ host: '127.0.0.1', port: 0, handler: app });
    return server;
  }

  /** fetch does not let a Host be chosen. */
  function statusFor(running: RunningHttpServer, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: running.port, path: '/secret', headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      }).on('error', reject).end();
    });
  }

  test('without the token every request is 401, with it none  [RFC 6750 §2.1, §3]', async () => {
    const { url } = await serve(requireBearer('the-token'));
    const status = async (authorization?: string): Promise<number> => (await fetch(`${url}/secret`, authorization === undefined ? {} : { headers: { authorization } })).status;

    assert.deepEqual([await status(), await status('Bearer other'), await status('Basic dGhlLXRva2Vu'), await status('Bearer the-token-and-more')], [401, 401, 401, 401]);
    assert.equal(await status('bearer the-token'), 200);
    assert.match((await fetch(`${url}/secret`)).headers.get('www-authenticate') ?? '', /^Bearer/);
  });

  test('a Host that is a name of somebody else is refused with 421, addresses and our own names pass  [RFC 9110 §15.5.20]', async () => {
    const running = await serve(onlyKnownHosts(['gateway.example']));

    assert.deepEqual(await Promise.all(['evil.example', 'evil.example:8080', 'gateway.example.evil.example'].map((host) => statusFor(running, host))), [421, 421, 421]);
    assert.deepEqual(await Promise.all(['127.0.0.1:8080', '[::1]:8080', 'localhost', 'GATEWAY.example'].map((host) => statusFor(running, host))), [200, 200, 200, 200]);
  });

  test('/readyz is 503 with the reasons until there are none, /healthz is 200 all the while', async () => {
    const reasons = ['intake: what the segments hold is being indexed'];
    const { url } = await serve(createHealthRouter({ unready: () => reasons, metrics: async () => ({ contentType: 'text/plain', text: 'x_total 1\n' }) }));

    const waiting = await fetch(`${url}/readyz`);
    assert.equal(waiting.status, 503);
    assert.deepEqual(await waiting.json(), { status: 'not ready', reasons });
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    reasons.pop();
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    assert.equal(await (await fetch(`${url}/metrics`)).text(), 'x_total 1\n');
  });
});
