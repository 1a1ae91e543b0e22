import assert from 'node:assert/strict';
import net from 'node:net';
import { startHttpServer, type HttpServerOptions } from '../../../src/transport/http/http-server.ts';
import { createApp } from '../../../src/transport/http/express-app.ts';

function options(handler: HttpServerOptions['handler'], limits?: HttpServerOptions['limits']): HttpServerOptions {
  return { host: '127.0.0.1', port: 0, handler, limits };
}

suite('http-server', () => {
  test('answers on the port it says and refuses connections after stop', async () => {
    const server = await startHttpServer(options((_request, response) => response.end('here')));

    const answer = await (await fetch(server.url)).text();
    await server.stop(1_000);

    assert.equal(answer, 'here');
    await assert.rejects(fetch(server.url));
  });

  test('stop lets an open request finish', async () => {
    let answerNow: () => void = () => undefined;
    const arrived = deferred();
    const server = await startHttpServer(options((_request, response) => {
      answerNow = () => response.end('late');
      arrived.resolve();
    }));

    const asked = fetch(server.url).then((response) => response.text());
    await arrived.promise;
    const stopped = server.stop(10_000);
    answerNow();

    assert.equal(await asked, 'late');
    await stopped;
  });

  test('stop cuts a request that is still open at the deadline', async () => {
    const arrived = deferred();
    const server = await startHttpServer(options(() => arrived.resolve()));

    const asked = fetch(server.url);
    const refused = assert.rejects(asked);
    await arrived.promise;
    await server.stop(20);

    await refused;
  });

  test('a body that arrives by drops is cut off', async () => {
    const server = await startHttpServer(options((request) => void request.resume(), { bodyWindowMs: 50, minimumBodyBytes: 100 }));

    const socket = net.connect(server.port, '127.0.0.1');
    // Cut off may show as a reset: both are its end.
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx');
    const drip = setInterval(() => socket.write('x'), 10);
    await closed;
    clearInterval(drip);

    await server.stop(1_000);
  });

  test('an address in use is a permanent failure with its code', async () => {
    const first = await startHttpServer(options((_request, response) => response.end()));

    await assert.rejects(startHttpServer({ ...options(() => undefined), port: first.port }), { code: 'HTTP_LISTEN_FAILED', failure: 'permanent' });

    await first.stop(100);
  });

  test('every answer carries the security headers and does not say what runs here', async () => {
    const app = createApp({ tls: false });
    app.get('/', (_request, response) => void response.send('x'));
    const server = await startHttpServer(options(app));

    const response = await fetch(server.url);

    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'self'/);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(response.headers.get('x-powered-by'), null);
    assert.equal(response.headers.get('strict-transport-security'), null);
    await server.stop(1_000);
  });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
