import assert from 'node:assert/strict';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { echo } from '../../src/peers/dimse/echo.ts';
import { sendInstances } from '../../src/peers/dimse/send-instances.ts';
import { smallCt } from '../support/dimse-instance.ts';
import { startScp, type TestScp } from '../support/dimse-scp.ts';
import { type Orthanc, startOrthanc } from '../support/orthanc.ts';
import { needsPeer } from '../support/peers.ts';

suite('Orthanc as a DICOM peer', () => {
  let orthanc: Orthanc | undefined;
  let server: TestScp | undefined;
  suiteSetup(async function () {
    needsPeer(this, 'Orthanc');
    orthanc = await startOrthanc();
  });
  suiteTeardown(async () => {
    await server?.stop();
    await orthanc?.stop();
  });

  const context = (): { clock: typeof systemClock; log: typeof silentLog; signal: AbortSignal } => ({ clock: systemClock, log: silentLog, signal: AbortSignal.timeout(30_000) });
  const post = async (resource: string, method: string, body: unknown): Promise<number> =>
    (await fetch(`http://127.0.0.1:${orthanc!.httpPort}/${resource}`, { method, body: JSON.stringify(body) })).status;

  test('takes our C-ECHO and our instances, byte for byte in their pixels, and sends them on to us', async () => {
    const peer = { host: '127.0.0.1', port: orthanc!.dicomPort, aeTitle: 'ORTHANC', callingAe: 'ISOCENTER' };
    const sent = Array.from({ length: 4 }, (_, index) => smallCt(index, 40_000));

    assert.equal(await echo(peer, context()), 0);
    const outcomes = await sendInstances(peer, sent, context());
    assert.deepEqual(outcomes.map((outcome) => outcome.kind === 'answered' && outcome.status), [0, 0, 0, 0]);
    const ids = (await orthanc!.get('instances')) as readonly string[];
    assert.equal(ids.length, 4);

    server = await startScp();
    await post('modalities/gateway', 'PUT', { AET: 'ISOCENTER', Host: '127.0.0.1', Port: server.port });
    assert.equal(await post('modalities/gateway/echo', 'POST', {}), 200);
    assert.equal(await post('modalities/gateway/store', 'POST', ids), 200);

    assert.equal(server.receiver.instances.length, 4);
    for (const [index, { arrival, state }] of server.receiver.instances.entries()) {
      assert.equal(state, 'finished');
      const original = sent.find((instance) => instance.sopInstanceUid === arrival.sopInstanceUid)!;
      assert.deepEqual(server.receiver.bytesOf(index).subarray(-40_000), original.bytes.subarray(-40_000));
    }
  });
});
