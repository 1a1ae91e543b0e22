import assert from 'node:assert/strict';
import fc from 'fast-check';
import { transactionOutcome } from '../../../src/peers/fhir/fhir-response.ts';

const issue = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid', diagnostics: 'Observation.status', expression: ['Observation.status'] }] };
const response = (...statuses: readonly string[]): object => ({ resourceType: 'Bundle', type: 'transaction-response', entry: statuses.map((status, index) => ({ response: { status, location: `Observation/${index}` } })) });

function summary(status: number, body: unknown, retryAfter?: string): string {
  const outcome = transactionOutcome({ status, retryAfter, body }, 0);
  return outcome.kind === 'delivered' ? 'delivered' : `${outcome.failure} ${outcome.code}`;
}

suite('FHIR transaction response [R4 §3.1.0.11]', () => {
  test('every entry answered 2xx: delivered, with the places where it lies and what was new', () => {
    const outcome = transactionOutcome({ status: 200, retryAfter: undefined, body: response('201 Created', '200 OK') }, 0);

    assert.ok(outcome.kind === 'delivered');
    assert.deepEqual(outcome.detail, { created: 1, updated: 1, locations: ['Observation/0', 'Observation/1'] });
  });

  test('a server that treats it as a batch: an entry that failed fails the message', () => {
    assert.equal(summary(200, response('201 Created', '422 Unprocessable')), 'permanent PEER_REFUSED');
    assert.equal(summary(200, response('201', '')), 'ambiguous PEER_FAILED');
  });

  test('400, 404 and 422 are dead letters with their OperationOutcome kept', () => {
    const outcome = transactionOutcome({ status: 422, retryAfter: undefined, body: issue }, 0);

    assert.ok(outcome.kind === 'failed' && outcome.failure === 'permanent' && !outcome.peerIsAtFault);
    assert.deepEqual(outcome.detail, { httpStatus: 422, operationOutcome: [{ severity: 'error', code: 'invalid', text: 'Observation.status', expression: ['Observation.status'] }] });
    assert.equal(summary(400, issue), 'permanent PEER_REFUSED');
    assert.equal(summary(404, issue), 'permanent PEER_REFUSED');
  });

  test('412: the EHR holds several under one identifier, a person must act [R4 §3.1.0.8.1]', () => {
    assert.equal(summary(412, issue), 'permanent PEER_HAS_SEVERAL');
  });

  test('409 and 429, 503 are repeated; 5xx may have acted', () => {
    assert.equal(summary(409, issue), 'transient PEER_CONFLICT');
    assert.equal(summary(429, '', '5'), 'transient PEER_BUSY');
    assert.equal(summary(503, ''), 'transient PEER_BUSY');
    assert.equal(summary(500, 'oops'), 'ambiguous PEER_FAILED');
    assert.equal(summary(502, ''), 'ambiguous PEER_FAILED');
  });

  test('refused credentials wait for a person and kill no message', () => {
    assert.equal(summary(401, ''), 'transient PEER_DENIED');
    assert.equal(summary(403, issue), 'transient PEER_DENIED');
  });

  test('a 200 that is no transaction response is not taken for a success', () => {
    assert.equal(summary(200, '<html>login</html>'), 'ambiguous PEER_NO_OUTCOME');
    assert.equal(summary(200, { resourceType: 'OperationOutcome' }), 'ambiguous PEER_NO_OUTCOME');
  });

  test('whatever comes back, it is an outcome', () => {
    fc.assert(fc.property(fc.anything(), fc.integer({ min: 100, max: 599 }), (body, status) => ['delivered', 'failed'].includes(transactionOutcome({ status, retryAfter: undefined, body }, 0).kind)), { numRuns: 300 });
  });
});
