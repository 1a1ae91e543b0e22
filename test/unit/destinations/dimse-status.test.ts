import assert from 'node:assert/strict';
import { outcomeOf } from '../../../src/destinations/dimse-store/dimse-store-destination.ts';

function summary(status: number): string {
  const outcome = outcomeOf({ kind: 'answered', status, comment: undefined });
  return outcome.kind === 'delivered' ? 'delivered' : `${outcome.failure} ${outcome.code}`;
}

suite('C-STORE status as an outcome [PS3.4 Table B.2-1]', () => {
  test('success and warnings are delivered', () => {
    for (const status of [0x0000, 0xb000, 0xb006, 0xb007, 0x0001, 0x0107]) assert.equal(summary(status), 'delivered', status.toString(16));
  });

  test('a duplicate is delivered: the peer has it', () => {
    const outcome = outcomeOf({ kind: 'answered', status: 0x0111, comment: undefined });

    assert.ok(outcome.kind === 'delivered' && outcome.alreadyThere === true);
  });

  test('out of resources and busy are transient, a mismatch and what it cannot understand are permanent', () => {
    assert.deepEqual([0xa700, 0xa701, 0x0213, 0x0124].map(summary), ['transient PEER_OUT_OF_RESOURCES', 'transient PEER_OUT_OF_RESOURCES', 'transient PEER_BUSY', 'transient PEER_DENIED']);
    assert.deepEqual([0xa900, 0xc000, 0x0122, 0x0117].map(summary), ['permanent PEER_REFUSED', 'permanent PEER_REFUSED', 'permanent SOP_CLASS_REFUSED', 'permanent PEER_REFUSED']);
    assert.equal(summary(0x0110), 'ambiguous PEER_FAILED');
  });

  test('no context, no answer, never sent', () => {
    const failures = [outcomeOf({ kind: 'not-accepted' }), outcomeOf({ kind: 'unanswered', message: 'x' }), outcomeOf({ kind: 'not-sent', message: 'x' })];

    assert.deepEqual(failures.map((outcome) => outcome.kind === 'failed' && outcome.failure), ['permanent', 'ambiguous', 'transient']);
  });
});
