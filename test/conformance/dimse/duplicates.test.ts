import assert from 'node:assert/strict';
import { element, item, sequence } from '../../../src/standards/dicom/element.ts';
import { systemClock } from '../../../src/foundation/clock.ts';
import { silentLog } from '../../../src/foundation/log.ts';
import { ContentDigests } from '../../../src/stages/intake/content-digests.ts';
import { sameContent } from '../../../src/standards/dicom/same-content.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { smallImage } from '../../support/archive-fixture.ts';
import { type DimseArchive, dimseArchive } from '../../support/dimse-archive.ts';

const STUDY = '1.2.826.0.1.3680043.8.498.4';
const image = (...changes: Parameters<typeof smallImage>[3] & object): ReturnType<typeof smallImage> => smallImage(STUDY, `${STUDY}.1`, `${STUDY}.1.1`, changes);

suite('a SOP Instance UID that comes again [ADR 0012]', () => {
  let archive: DimseArchive;
  suiteSetup(async function () {
    this.timeout(60_000);
    archive = await dimseArchive();
  });
  suiteTeardown(() => archive.close());

  test('the same content in another transfer syntax or character set is a success, another content is A900; one copy is served', async () => {
    assert.deepEqual(await archive.store([image()]), [0]);
    assert.deepEqual(await archive.store([image()], { transferSyntaxUid: '1.2.840.10008.1.2' }), [0]);
    assert.deepEqual(await archive.store([image()], { transferSyntaxUid: '1.2.840.10008.1.2.2' }), [0]);
    assert.deepEqual(await archive.store([image(element(tags.PatientID, 'LO', 'P1'), element(tags.Rows, 'US', 8))]), [0xa900]);

    await new ContentDigests({ database: archive.database, reader: archive.segments, clock: systemClock, log: silentLog }).pass();

    const rows = await archive.database.query<{ state: string }>({ name: '', text: 'select state from instance order by id' });
    const aside = await archive.database.query({ name: '', text: 'select reason from quarantine' });
    assert.deepEqual(rows.map((row) => row.state), ['active', 'duplicate', 'duplicate']);
    assert.deepEqual(aside, [{ reason: 'duplicate-other-content' }]);
  });

  test('contents are compared by what they say', () => {
    const nested = (text: string): ReturnType<typeof image> => image(sequence(tags.RequestAttributesSequence, item(element(tags.RequestedProcedureID, 'SH', text))));

    assert.equal(sameContent(image(), image(element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 100'))), true);
    assert.equal(sameContent(nested('A'), nested('A ')), true);
    assert.equal(sameContent(nested('A'), nested('B')), false);
    // A private element is UN to who does not know it.
    const known = image(element(0x00291010, 'DS', '1.5', '2'), element(0x00291011, 'SL', -7));
    assert.equal(sameContent(known, image({ tag: 0x00291010, vr: 'UN', value: Buffer.from('1.5\\2 ') }, { tag: 0x00291011, vr: 'UN', value: Buffer.from('f9ffffff', 'hex') })), true);
    assert.equal(sameContent(known, image({ tag: 0x00291010, vr: 'UN', value: Buffer.from('1.5\\3 ') }, { tag: 0x00291011, vr: 'UN', value: Buffer.from('f9ffffff', 'hex') })), false);
    assert.equal(sameContent(image(), image().without(tags.PatientSex)), false);
    assert.equal(sameContent(image(), image(element(tags.PixelData, 'OW', new Uint8Array(32)))), false);
  });
});
