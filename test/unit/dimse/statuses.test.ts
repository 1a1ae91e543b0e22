import assert from 'node:assert/strict';
import { errorComment, refusalStatus, storeResponse } from '../../../src/edges/dicom-scp/dimse-status.ts';
import { isStorageClass, isStoredTransferSyntax } from '../../../src/edges/dicom-scp/storage-classes.ts';
import { statusKind, statusText, storeFailure } from '../../../src/standards/dimse/statuses.ts';

suite('DIMSE statuses', () => {
  for (const [status, kind] of [
    [0x0000, 'success'], [0xff00, 'pending'], [0xff01, 'pending'], [0xfe00, 'cancel'], [0x0001, 'warning'], [0x0107, 'warning'], [0x0116, 'warning'],
    [0xb000, 'warning'], [0xb006, 'warning'], [0xb007, 'warning'], [0xa700, 'failure'], [0xa900, 'failure'], [0xc000, 'failure'], [0x0110, 'failure'], [0x0122, 'failure'], [0x7777, 'failure'],
  ] as const) {
    test(`${statusText(status)} is a ${kind}  [PS3.7 Annex C]`, () => {
      assert.equal(statusKind(status), kind);
    });
  }

  for (const [status, failure] of [[0xa700, 'transient'], [0xa702, 'transient'], [0x0110, 'transient'], [0x0213, 'transient'], [0xa900, 'permanent'], [0xc123, 'permanent'], [0x0122, 'permanent'], [0x0124, 'permanent']] as const) {
    test(`a C-STORE answered ${statusText(status)} is a ${failure} failure  [PS3.4 §B.2.3]`, () => {
      assert.equal(storeFailure(status), failure);
    });
  }
});

suite('statuses of the storage SCP', () => {
  for (const [reason, status] of [
    ['out-of-resources', 0xa700], ['class-mismatch', 0xa900], ['duplicate-other-content', 0xa900], ['uid-mismatch', 0x0117],
    ['cannot-understand', 0xc000], ['truncated', 0xc001], ['missing-uid', 0xc003], ['processing-failure', 0x0110],
  ] as const) {
    test(`${reason} is answered ${statusText(status)}  [PS3.4 Table B.2-1]`, () => {
      assert.equal(refusalStatus(reason), status);
    });
  }

  test('stored and duplicate are success', () => {
    assert.deepEqual([storeResponse({ kind: 'stored' }), storeResponse({ kind: 'duplicate' })], [{ status: 0 }, { status: 0 }]);
  });

  test('a refusal carries its comment and the offending tag', () => {
    assert.deepEqual(storeResponse({ kind: 'refused', reason: 'class-mismatch', comment: 'x', offendingTag: 0x00080016 }), { status: 0xa900, errorComment: 'x', offendingElements: [0x00080016] });
  });

  test('an error comment has at most 64 characters of the default repertoire  [PS3.5 §6.2, LO]', () => {
    assert.equal(errorComment('ä\\b\n'.padEnd(100, 'x')), `??b?${'x'.repeat(60)}`);
  });

  test('storage classes of the standard, newer ones and private ones are taken; queries in the same subtree are not', () => {
    for (const uid of ['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.66.4', '1.2.840.10008.5.1.4.1.1.999.9', '1.2.840.10008.5.1.4.34.7', '1.2.840.113619.4.30', '1.3.12.2.1107.5.9.1']) {
      assert.equal(isStorageClass(uid), true, uid);
    }
    for (const uid of ['1.2.840.10008.1.1', '1.2.840.10008.5.1.4.1.2.2.1', '1.2.840.10008.5.1.4.1.1.201.2', '1.2.840.10008.5.1.4.31', '1.2.840.10008.1.20.1']) {
      assert.equal(isStorageClass(uid), false, uid);
    }
  });

  test('every transfer syntax of the standard is stored, an unknown foreign one is not', () => {
    for (const uid of ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2.2', '1.2.840.10008.1.2.4.203', '1.2.840.113619.5.2']) assert.equal(isStoredTransferSyntax(uid), true, uid);
    for (const uid of ['1.2.3.4.5', '1.2.840.10008.1.20', '']) assert.equal(isStoredTransferSyntax(uid), false, uid);
    assert.equal(isStoredTransferSyntax('1.2.3.4.5', ['1.2.3.4.5']), true);
  });
});
