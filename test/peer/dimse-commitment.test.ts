import assert from 'node:assert/strict';
import { silentLog } from '../../src/foundation/log.ts';
import { askCommitment } from '../../src/peers/dimse/ask-commitment.ts';
import { CommitmentResultService } from '../../src/peers/dimse/commitment-result-service.ts';
import { sendInstances } from '../../src/peers/dimse/send-instances.ts';
import { writeDataSet } from '../../src/standards/dicom/data-set-writer.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import type { CommitmentEvent } from '../../src/standards/dimse/commitment-messages.ts';
import { smallImage } from '../support/archive-fixture.ts';
import { call } from '../support/dimse-archive.ts';
import { startScp } from '../support/dimse-scp.ts';
import { eventually } from '../support/eventually.ts';
import { startOrthanc } from '../support/orthanc.ts';
import { needsPeer } from '../support/peers.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const STUDY = '1.2.826.0.1.3680043.8.498.8';

suite('storage commitment with Orthanc', () => {
  test('Orthanc commits what it took, and tells it on an association of its own [PS3.4 Annex J]', async function () {
    needsPeer(this, 'Orthanc');
    this.timeout(60_000);
    const heard: CommitmentEvent[] = [];
    const results = new CommitmentResultService({ log: silentLog, record: async (event) => (heard.push(event), 'answered') });
    const listener = await startScp({ services: [results] });
    const orthanc = await startOrthanc();
    const peer = { host: '127.0.0.1', port: orthanc.dicomPort, aeTitle: 'ORTHANC', callingAe: 'ISOCENTER' };
    try {
      await fetch(`http://127.0.0.1:${orthanc.httpPort}/modalities/us`, { method: 'PUT', body: JSON.stringify(['ISOCENTER', '127.0.0.1', listener.port]) });
      const image = smallImage(STUDY, `${STUDY}.1`, `${STUDY}.1.1`);
      await sendInstances(peer, [{ sopClassUid: CT, sopInstanceUid: image.string(tags.SOPInstanceUID)!, transferSyntaxUid: '1.2.840.10008.1.2.1', bytes: writeDataSet(image, '1.2.840.10008.1.2.1') }], call());

      await askCommitment(peer, { transactionUid: '1.2.3.77', objects: [[CT, `${STUDY}.1.1`], [CT, `${STUDY}.1.2`]] }, { ...call(), results, untilHeard: async () => {} });
      await eventually(() => heard.length > 0, 20_000, 'the result');

      assert.deepEqual(heard[0], { transactionUid: '1.2.3.77', committed: [[CT, `${STUDY}.1.1`]], failed: [[CT, `${STUDY}.1.2`, 0x0112]] });
    } finally {
      await orthanc.stop();
      await listener.stop();
    }
  });
});
