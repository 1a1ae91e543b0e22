import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { explicitLittleEndian } from '../../../src/standards/dicom/transfer-syntaxes.ts';
import { checkPatients, sortRecords, type ArrivedRecord } from '../../../src/stages/intake/decide-batch.ts';
import { HeaderReader } from '../../../src/stages/intake/header-reader.ts';
import type { LockedStudy } from '../../../src/store/study-index.ts';
import { sampleDataSet, type SampleInstance } from '../../support/instances.ts';
import { describeRecord } from '../../support/segments.ts';

function arrived(sample: SampleInstance & { readonly crc?: number; readonly verdict?: string; readonly offset?: number }): ArrivedRecord {
  const bytes = sampleDataSet({ pixelBytes: 10, ...sample });
  const reader = new HeaderReader(explicitLittleEndian);
  reader.push(bytes);
  return { record: { ...describeRecord({ verdict: sample.verdict ?? '' }), segment: 1, offset: sample.offset ?? 4096, dataLength: bytes.length, crc32: sample.crc ?? 1 }, header: reader.finish(bytes.length).header };
}

function study(patientId: string | null): ReadonlyMap<string, LockedStudy> {
  return new Map([['2.25.100', { id: 1, study_instance_uid: '2.25.100', patient_id: patientId, issuer_of_patient_id: null, state: 'receiving' }]]);
}

const none = new Map<string, never>();

suite('decisions about a batch', () => {
  test('the first of a UID is served, the same bytes are a duplicate, other bytes go aside (ADR 0012)', () => {
    const first = arrived({ sop: '2.25.1' });
    const same = arrived({ sop: '2.25.1' });
    const other = arrived({ sop: '2.25.1', crc: 2 });

    const { fresh, duplicates, quarantined } = sortRecords([first, same, other], none);

    assert.deepEqual(fresh, [first]);
    assert.deepEqual(duplicates, [{ arrived: same, seriesRowId: undefined }]);
    assert.deepEqual(quarantined, [{ arrived: other, reason: 'duplicate-other-content' }]);
  });

  test('what is served already wins over what arrives', () => {
    const again = arrived({ sop: '2.25.1' });
    const served = new Map([['2.25.1', { series_id: 7, sop_instance_uid: '2.25.1', data_length: again.record.dataLength, crc32: 1 }]]);

    assert.deepEqual(sortRecords([again], served).duplicates, [{ arrived: again, seriesRowId: 7 }]);
    assert.equal(sortRecords([arrived({ sop: '2.25.1', crc: 9 })], served).quarantined.length, 1);
  });

  test('a record whose sender was refused goes to quarantine for that reason, also when it is read back later', () => {
    assert.deepEqual(sortRecords([arrived({ sop: '2.25.1', verdict: 'uid-mismatch' })], none).quarantined.map((one) => one.reason), ['uid-mismatch']);
  });

  test('every record of a batch has exactly one fate, and of each UID at most one is served', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ sop: fc.constantFrom('2.25.1', '2.25.2', '2.25.3'), crc: fc.nat(2), verdict: fc.constantFrom('', '', '', 'missing-uid') }), { maxLength: 20 }), (samples) => {
        const records = samples.map((sample) => arrived(sample));
        const { fresh, duplicates, quarantined } = sortRecords(records, none);
        assert.equal(fresh.length + duplicates.length + quarantined.length, records.length);
        assert.equal(new Set(fresh.map((one) => one.header.sopInstanceUid)).size, fresh.length);
      }),
      { numRuns: 100 },
    );
  });

  test('another PatientID than the study has is a conflict; none at all is not', () => {
    const own = arrived({ patientId: 'P1' });
    const other = arrived({ patientId: 'P2' });
    const silent = arrived({ patientId: '' });

    assert.deepEqual(checkPatients([own, other, silent], study('P1')), { kept: [own, silent], conflicts: [other] });
  });

  test('the first patient named in a study that had none is its patient', () => {
    const first = arrived({ patientId: 'P1' });
    const second = arrived({ patientId: 'P2' });

    assert.deepEqual(checkPatients([first, second], study(null)), { kept: [first], conflicts: [second] });
  });
});
