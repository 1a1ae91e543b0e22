import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLog } from '../../src/foundation/log.ts';
import { mailChannel, webhookChannel } from '../../src/peers/alerts/alert-channel.ts';
import { AlertNotifier } from '../../src/stages/alerting/alert-notifier.ts';
import { raiseAlert } from '../../src/store/alert.ts';
import { acknowledgeAlert } from '../../src/store/alert-notice.ts';
import { Database } from '../../src/store/database.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { HandClock, until } from '../support/delivery-fixture.ts';
import { startSmtpServer, type SmtpServer } from '../support/smtp-server.ts';

suite('telling people of alerts', function () {
  this.timeout(60_000);
  let place: TestDatabase;
  let database: Database;
  let smtp: SmtpServer;
  const clock = new HandClock();
  const posts: { headers: IncomingHttpHeaders; body: string }[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      posts.push({ headers: request.headers, body });
      response.writeHead(status).end();
    });
  });

  suiteSetup(async () => {
    place = await testDatabase();
    database = new Database({ url: place.url, applicationName: 'test' });
    smtp = await startSmtpServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  suiteTeardown(async () => {
    await database.close();
    await place.close();
    await smtp.stop();
    server.closeAllConnections();
    server.close();
  });

  test('a webhook is signed and told again until it takes the alert; mail goes to the escalation address when nobody acknowledges', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const notifier = new AlertNotifier({
      database, clock, log: silentLog, pollMs: 20,
      policy: { channels: [{ name: 'hook', minSeverity: 'warning', escalation: false }, { name: 'mail', minSeverity: 'warning', escalation: true }], escalateAfterMs: 60_000, quietHours: null },
      channels: [
        webhookChannel({ name: 'hook', url, secret: 'key', software: 'isocenter/test' }, () => clock.now() / 1_000),
        mailChannel({ name: 'mail', host: '127.0.0.1', port: smtp.port, tls: false, requireTls: false, username: null, password: null, from: 'gateway@example.org', to: ['team@example.org'] }),
      ],
    });
    status = 503;
    await raiseAlert(database, { kind: 'DESTINATION_DOWN', severity: 'critical', dedupeKey: 'one', message: 'ehr is not being sent to', advice: 'See that it runs.', at: new Date(clock.now()) });
    await notifier.start();
    try {
      await until('the first try', () => posts.length === 1);
      status = 200;
      await until('the repeat', () => {
        clock.forward(1_000);
        return posts.length === 2;
      });
      await until('the mail', () => {
        clock.forward(1_000);
        return smtp.mails.length === 1;
      });
    } finally {
      await notifier.stop();
    }

    const { headers, body } = posts[1]!;
    const [, at, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-isocenter-signature']))!;
    assert.equal(signature, createHmac('sha256', 'key').update(`${at}.${body}`).digest('hex'));
    assert.equal(headers['x-isocenter-delivery'], posts[0]!.headers['x-isocenter-delivery']);
    assert.equal((JSON.parse(body) as { alert: { advice: string } }).alert.advice, 'See that it runs.');
    assert.match(smtp.mails[0]!, /Subject: isocenter critical: DESTINATION_DOWN[\s\S]*nobody has acknowledged it[\s\S]*What to do: See that it runs\./);
    assert.equal(posts.length, 2);
  });

  test('an alert can be acknowledged once it is open, and not after it is closed', async () => {
    const [row] = await database.query<{ id: number }>({ name: 'one_alert', text: 'select id from alert limit 1' });

    assert.equal(await acknowledgeAlert(database, row!.id, 'tester', new Date(clock.now())), true);
    assert.equal(await acknowledgeAlert(database, row!.id + 1_000, 'tester', new Date(clock.now())), false);
  });
});
