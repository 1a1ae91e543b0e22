import assert from 'node:assert/strict';
import { admit, type AdmissionPolicy } from '../../../src/edges/dicom-scp/admission.ts';
import { rejections, type Rejection } from '../../../src/standards/upper-layer/reject-reasons.ts';
import type { PeerFacts } from '../../../src/transport/dicom/dimse-service.ts';
import type { Admission } from '../../../src/transport/dicom/served-association.ts';
import { requestPdu } from '../../support/dimse-raw-peer.ts';

const certificate = { commonName: 'scanner', subjectAltName: '', fingerprint256: 'AB:CD' };
const plain: PeerFacts = { address: '10.0.0.5', port: 4711, localPort: 11112, isTls: false };
const policy: AdmissionPolicy = { aeTitles: ['ISOCENTER', 'SECOND'], acceptUnknownCallers: false, peers: [{ aeTitle: 'TESTER' }] };
const rejectedAs = (rejection: Rejection): Admission => ({ kind: 'reject', rejection });

suite('admission', () => {
  test('a known caller of one of our titles is accepted', async () => {
    assert.deepEqual(await admit(policy, requestPdu({ calledAe: 'SECOND' }), plain), { kind: 'accept' });
  });

  test('a wrong called AE is rejected: permanent, service-user, reason 7  [PS3.8 Table 9-21]', async () => {
    assert.deepEqual(await admit(policy, requestPdu({ calledAe: 'NOBODY' }), plain), rejectedAs({ result: 1, source: 1, reason: 7, name: 'called-ae-title-not-recognized' }));
  });

  test('an unknown calling AE is rejected: permanent, service-user, reason 3  [PS3.8 Table 9-21]', async () => {
    assert.deepEqual(await admit(policy, requestPdu({ callingAe: 'STRANGER' }), plain), rejectedAs({ result: 1, source: 1, reason: 3, name: 'calling-ae-title-not-recognized' }));
    assert.deepEqual(await admit({ ...policy, acceptUnknownCallers: true }, requestPdu({ callingAe: 'STRANGER' }), plain), { kind: 'accept' });
  });

  test('a caller bound to addresses is not recognised from elsewhere', async () => {
    const bound = { ...policy, acceptUnknownCallers: true, peers: [{ aeTitle: 'TESTER', addresses: ['10.0.0.5'] }] };

    assert.deepEqual(await admit(bound, requestPdu(), { ...plain, address: '::ffff:10.0.0.5' }), { kind: 'accept' });
    assert.deepEqual(await admit(bound, requestPdu(), { ...plain, address: '10.0.0.6' }), rejectedAs(rejections.callingAe));
  });

  test('a caller bound to a certificate is recognised by it alone', async () => {
    const byPrint = { ...policy, peers: [{ aeTitle: 'TESTER', certificate: { fingerprint256: 'abcd' } }] };
    const byName = { ...policy, peers: [{ aeTitle: 'TESTER', certificate: { commonName: 'scanner' } }] };

    for (const bound of [byPrint, byName]) {
      assert.deepEqual(await admit(bound, requestPdu(), { ...plain, certificate }), { kind: 'accept' });
      assert.deepEqual(await admit(bound, requestPdu(), plain), rejectedAs(rejections.callingAe));
      assert.deepEqual(await admit(bound, requestPdu(), { ...plain, certificate: { ...certificate, commonName: 'other', fingerprint256: 'AB:CE' } }), rejectedAs(rejections.callingAe));
    }
  });

  test('a user identity goes to the authorisation hook, and its answer back when it was asked for  [PS3.7 §D.3.3.7]', async () => {
    const identity = { kind: 2, responseRequested: true, primary: Buffer.from('user'), secondary: Buffer.from('secret') };
    const request = requestPdu({}, { userIdentity: identity });
    const serverResponse = Uint8Array.of(1);
    const open: AdmissionPolicy = { ...policy, authorise: async (shown) => (Buffer.from(shown.secondary).toString() === 'secret' ? { allowed: true, serverResponse } : { allowed: false }) };

    assert.deepEqual(await admit(open, request, plain), { kind: 'accept', userIdentityResponse: serverResponse });
    assert.deepEqual(await admit(open, requestPdu({}, { userIdentity: { ...identity, secondary: Buffer.from('wrong') } }), plain), rejectedAs(rejections.noReason));
    assert.deepEqual(await admit(open, requestPdu({}, { userIdentity: { ...identity, responseRequested: false } }), plain), { kind: 'accept' });
  });
});
