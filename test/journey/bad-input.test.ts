import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { sendInstances } from '../../src/peers/dimse/send-instances.ts';
import { echo } from '../../src/peers/dimse/echo.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { smallCt, type TestInstance } from '../support/dimse-instance.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayFolder, type Gateway, type GatewayFolder } from '../support/gateway.ts';

const context = (): { clock: typeof systemClock; log: typeof silentLog; signal: AbortSignal } => ({ clock: systemClock, log: silentLog, signal: AbortSignal.timeout(20_000) });

/** The whole gateway against callers that do the wrong thing: the right answer, a trace of it, nothing half-stored, still alive. */
suite('journey: bad input', function () {
  this.timeout(120_000);
  let place: GatewayFolder;
  let gateway: Gateway;

  suiteSetup(async () => {
    place = gatewayFolder({
      dataDir: './data',
      storage: { segmentMegabytes: 64 },
      models: { slots: 0 },
      dimse: { acceptUnknownCallers: false, peers: [{ aeTitle: 'CT1', host: '127.0.0.1', port: 104 }] },
    });
    gateway = await place.start();
  });
  suiteTeardown(async () => {
    assert.equal(await gateway.stop(), 0);
    place.remove();
  });

  const peer = (changes: object = {}): { host: string; port: number; aeTitle: string; callingAe: string } => ({ host: '127.0.0.1', port: gateway.dicomPort, aeTitle: 'ISOCENTER', callingAe: 'CT1', ...changes });
  const send = (items: readonly TestInstance[]): ReturnType<typeof sendInstances> => sendInstances(peer(), items, context());
  const overview = async (): Promise<Record<string, number>> => (await (await fetch(`${gateway.http}api/overview`)).json()) as Record<string, number>;

  test('an unknown calling AE and a wrong called AE are rejected for these reasons  [PS3.8 Table 9-21]', async () => {
    const rejectedBecause = (reason: number) => (thrown: { code?: string; context?: Record<string, unknown> }) => thrown.code === 'DIMSE_ASSOCIATION_REJECTED' && thrown.context?.['reason'] === reason;

    await assert.rejects(echo(peer({ callingAe: 'NOBODY' }), context()), rejectedBecause(3));
    await assert.rejects(echo(peer({ aeTitle: 'ELSEWHERE' }), context()), rejectedBecause(7));
  });

  test('a caller that speaks something else is cut off, and the next one is served', async () => {
    const socket = connect(gateway.dicomPort, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50));
    socket.resume();
    await once(socket, 'close');

    assert.equal(await echo(peer(), context()), 0);
  });

  test('a data set that does not parse is refused with C000H, one whose UID is not the announced one with 0117H; neither is in the index  [PS3.4 §B.2.3]', async () => {
    const good = smallCt(700, 100);
    const garbled = { ...good, sopInstanceUid: '1.2.3.700', bytes: Buffer.from('this is no data set, whatever the length says') };
    const other = { ...smallCt(701, 100), sopInstanceUid: '1.2.3.701' };

    const outcomes = await send([{ ...garbled, bytes: garbled.bytes.subarray(0, 44) }, other]);

    const statuses = outcomes.map((outcome) => (outcome.kind === 'answered' ? outcome.status : outcome.kind));
    assert.equal((statuses[0] as number) & 0xf000, 0xc000);
    assert.equal(statuses[1], 0x0117);
    assert.equal((await overview())['instances_received'], 0);
  });

  test('one Study Instance UID with two patients is held with an alert, never merged', async () => {
    const first = smallCt(1, 100);
    const second = smallCt(2, 100);
    const swapped = Buffer.from(second.bytes);
    swapped.write('T2', swapped.indexOf('T1'));

    await send([first]);
    await send([{ ...second, bytes: swapped }]);

    await eventually(async () => (await overview())['studies_held'] === 1, 20_000, 'the hold');
    const alerts = (await (await fetch(`${gateway.http}api/alerts`)).json()) as { kind: string }[];
    assert.ok(alerts.some((alert) => alert.kind === 'PATIENT_CONFLICT'));
    const study = (await (await fetch(`${gateway.http}dicom-web/studies/1.2.826.0.1.3680043.8.498.76/instances`)).json()) as object[];
    assert.equal(study.length, 1);
  });

  test('a person sees both patients, releases the image, then holds and releases the study: it goes on, and all of it is audited', async () => {
    const uid = '1.2.826.0.1.3680043.8.498.76';
    const listed = await gateway.verb('quarantine', 'list', '--study', uid);
    const id = /^(\d+)  patient-conflict/m.exec(listed.output)?.[1];

    const released = await gateway.verb('quarantine', 'release', id!, '--by', 'anna');
    const held = await fetch(`${gateway.http}api/studies/${uid}/hold`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ by: 'ben', reason: 'to be sure' }) });
    const shown = await gateway.verb('study', 'held');
    const goesOn = await gateway.verb('study', 'release', uid, '--reason', 'is fine', '--by', 'ben');

    assert.match(listed.output, /patient-conflict .* from CT1 .* patient T2, the study’s is T1/);
    assert.deepEqual([released.code, held.status, goesOn.code], [0, 200, 0], released.output + goesOn.output);
    assert.match(shown.output, /498\.76 +by-hand/);
    assert.equal((await overview())['studies_held'], 0);
    assert.equal(((await (await fetch(`${gateway.http}dicom-web/studies/${uid}/instances`)).json()) as object[]).length, 2);
    assert.equal((await gateway.verb('quarantine', 'release', id!)).code, 1);
    assert.equal((await gateway.verb('study', 'hold', 'not-a-uid', '--reason', 'x')).code, 2);
  });

  test('pixel data that were cut off are refused with C001H and kept  [PS3.5 §7.1]', async () => {
    const whole = smallCt(900, 1_000);

    const [outcome] = await send([{ ...whole, bytes: whole.bytes.subarray(0, -2) }]);

    assert.deepEqual([outcome!.kind, outcome!.kind === 'answered' ? outcome!.status : 0], ['answered', 0xc001]);
    assert.match((await gateway.verb('quarantine', 'list')).output, /truncated/);
  });

  test('what was rejected and refused is in the audit log, which holds', async () => {
    await eventually(async () => / 0 not yet/.test((await gateway.verb('audit', 'verify')).output), 20_000);

    const verified = await gateway.verb('audit', 'verify');

    assert.equal(verified.code, 0);
    assert.ok(Number(/^(\d+) events/m.exec(verified.output)?.[1]) >= 6, verified.output);
  });
});
