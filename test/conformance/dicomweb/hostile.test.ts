import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { element } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { archiveFixture, fileOf, multipartOf, smallImage, type ArchiveFixture } from '../../support/archive-fixture.ts';

suite('DICOMweb under hostile clients', () => {
  let archive: ArchiveFixture;
  const multipart = 'multipart/related; type="application/dicom"; boundary=BOUND';

  suiteSetup(async () => {
    archive = await archiveFixture();
    const big = element(tags.PixelData, 'OW', new Uint8Array(8 << 20));
    const large = smallImage('1.2.1', '1.2.1.1', '1.2.1.1.1', [element(tags.Rows, 'US', 2_048), element(tags.Columns, 'US', 2_048), big]);
    assert.equal((await archive.stow([fileOf(large)])).status, 200);
  });

  suiteTeardown(() => archive.close());

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> => fetch(`${archive.url}${path}`, { headers });
  const stillAnswers = async (): Promise<void> => assert.equal((await get('/studies?StudyInstanceUID=1.2.1')).status, 200);

  /** A connection that says what it is told and keeps open. */
  async function raw(text: string): Promise<net.Socket> {
    const socket = net.connect(Number(new URL(archive.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  }

  /** What comes back until the server closes. `halfClose`: we say that nothing more will come. */
  async function answerTo(text: string | Buffer, halfClose = false): Promise<string> {
    const socket = await raw('');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
    if (halfClose) socket.end(text);
    else socket.write(text);
    await once(socket, 'close');
    return Buffer.concat(chunks).toString('latin1');
  }

  test('with 60 slow connections (headers, bodies, readers) a search still answers', async () => {
    const host = 'Host: 127.0.0.1\r\n';
    const slow = [
      ...Array.from({ length: 20 }, () => raw(`GET /dicom-web/studies HTTP/1.1\r\n${host}X-Slow: `)),
      ...Array.from({ length: 20 }, () => raw(`POST /dicom-web/studies HTTP/1.1\r\n${host}Content-Type: ${multipart}\r\nContent-Length: 1000000\r\n\r\n--BOUND\r\nContent-Type: application/dicom\r\n\r\n`)),
      ...Array.from({ length: 20 }, async () => (await raw(`GET /dicom-web/studies/1.2.1 HTTP/1.1\r\n${host}\r\n`)).pause()),
    ];
    const sockets = await Promise.all(slow);

    for (let n = 0; n < 5; n += 1) await stillAnswers();

    for (const socket of sockets) socket.destroy();
  });

  test('queries that make no sense are 400 and say why', async () => {
    for (const query of ['limit=-1', 'limit=1e9', 'offset=x', 'limit=99999999999', 'PatientName=%E0%A4%A', 'PatientName=%', 'StudyDate=2026-01', 'fuzzymatching=maybe', 'PatientID=1&PatientID=2', `PatientID=${'x'.repeat(20_000)}`]) {
      const response = await get(`/studies?${query}`);
      assert.equal(response.status, 400, query.slice(0, 40));
      assert.ok(((await response.json()) as { error: string }).error.length > 10);
    }
  });

  test('paths that make no sense are 400 or 404', async () => {
    for (const path of ['/studies/%E0%A4%A', '/studies/..%2F..%2Fetc%2Fpasswd', `/studies/${'1'.repeat(100)}`, "/studies/1.2'--", '/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/bulkdata/../../x', '/nowhere', '/studies/%00']) {
      assert.ok([400, 404].includes((await get(path)).status), path);
    }
    await stillAnswers();
  });

  test('a header too large is refused, many repeated ones change nothing', async () => {
    assert.match(await answerTo(`GET /dicom-web/studies HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`), /^HTTP\/1\.1 431/);
    assert.match(await answerTo(`GET /dicom-web/studies?StudyInstanceUID=1.2.1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${'Accept: application/dicom+json\r\n'.repeat(300)}\r\n`), /^HTTP\/1\.1 200/);
    await stillAnswers();
  });

  test('Content-Length that lies: a shorter body than said stores nothing of the cut instance, a longer one is no second request', async () => {
    const body = multipartOf([fileOf(smallImage('1.3.1', '1.3.1.1', '1.3.1.1.1'))]);
    const head = (length: number): Buffer => Buffer.from(`POST /dicom-web/studies HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: ${multipart}\r\nContent-Length: ${length}\r\n\r\n`);

    await answerTo(Buffer.concat([head(body.length + 1_000), body.subarray(0, body.length - 50)]), true);
    assert.equal((await get('/studies/1.3.1')).status, 404);
    assert.match(await answerTo(Buffer.concat([head(body.length - 60), body])), /^HTTP\/1\.1 (400|202)/);
    assert.equal((await get('/studies/1.3.1')).status, 404);
  });

  test('gzip bodies, a boundary that comes twice, one that is endless, are refused or read as what they are', async () => {
    const body = multipartOf([fileOf(smallImage('1.3.2', '1.3.2.1', '1.3.2.1.1'))]);
    const post = (content: Buffer, type: string, more: Record<string, string> = {}): Promise<Response> => fetch(`${archive.url}/studies`, { method: 'POST', headers: { 'Content-Type': type, ...more }, body: content });

    assert.equal((await post(gzipSync(Buffer.alloc(10 << 20)), multipart, { 'Content-Encoding': 'gzip' })).status, 415);
    assert.equal((await post(Buffer.concat([Buffer.from('\r\n--BOUND\r\n\r\n'), body]), multipart)).status, 202);
    assert.equal((await post(body, `multipart/related; type="application/dicom"; boundary=${'B'.repeat(5_000)}`)).status, 415);
    assert.equal((await post(body, 'multipart/related; type="application/dicom"; boundary=BOUND; boundary=OTHER')).status < 500, true);
    await stillAnswers();
  });

  test('a large body that is refused at its beginning still gets its answer', async () => {
    const response = await fetch(`${archive.url}/studies`, { method: 'POST', headers: { 'Content-Type': multipart }, body: Buffer.alloc(8 << 20, 'x') });

    assert.equal(response.status, 400);
  });

  test('a client that goes away in mid-answer, or in mid-body, leaves nothing behind', async () => {
    const reader = await raw('GET /dicom-web/studies/1.2.1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await once(reader, 'data');
    reader.destroy();
    const writer = await raw(`POST /dicom-web/studies HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${multipart}\r\nContent-Length: 100000\r\n\r\n`);
    writer.write(multipartOf([fileOf(smallImage('1.3.3', '1.3.3.1', '1.3.3.1.1'))]).subarray(0, 400));
    writer.destroy();

    await stillAnswers();
    assert.equal((await get('/studies/1.3.3')).status, 404);
  });

  test('whatever the Accept header says, the answer is a status', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 80 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '')), async (accept) => {
        const responses = await Promise.all(['/studies?limit=1', '/studies/1.2.1/metadata', '/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/thumbnail'].map((path) => get(path, { Accept: accept })));
        await Promise.all(responses.map((response) => response.arrayBuffer()));
        assert.ok(responses.every(({ status }) => [200, 304, 400, 406].includes(status)));
      }),
      { numRuns: 25 },
    );
  });
});
