import assert from 'node:assert/strict';
import { decideCompleteness, type ArrivalEvidence } from '../../../src/domain/completeness.ts';

const policy = { quietSeconds: 30, maxWaitSeconds: 900 };
const arrived: ArrivalEvidence = { firstReceivedAt: 0, lastReceivedAt: 10_000, openGroups: 0, lastGroupClosedAt: 11_000, instanceCount: 98 };

suite('study completeness', () => {
  test('waits for the quiet time after the association end and says until when', () => {
    assert.deepEqual(decideCompleteness(arrived, policy, 40_999), { kind: 'wait', until: 41_000, reason: 'quiet time of 30 s not over' });
  });

  test('is complete once association end and quiet time are both there', () => {
    const decision = decideCompleteness(arrived, policy, 41_000);

    assert.equal(decision.kind, 'complete');
    assert.equal(decision.kind === 'complete' && decision.partial, false);
  });

  test('an open association holds the study longer than the quiet time', () => {
    assert.equal(decideCompleteness({ ...arrived, openGroups: 1 }, policy, 60_000).kind, 'wait');
  });

  test('an association that stays open and idle does not hold the study for ever', () => {
    assert.equal(decideCompleteness({ ...arrived, openGroups: 1 }, policy, 130_000).kind, 'complete');
  });

  test('after the maximum wait the study goes on, flagged as partial', () => {
    const decision = decideCompleteness({ ...arrived, lastReceivedAt: 899_000, openGroups: 1 }, policy, 900_000);

    assert.deepEqual(decision.kind === 'complete' && decision.partial, true);
  });
});
