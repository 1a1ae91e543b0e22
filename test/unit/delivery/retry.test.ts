import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decideRetry, defaultRetryPolicy } from '../../../src/domain/retry.ts';

const policy = { baseMs: 1_000, capMs: 60_000, giveUpAfterMs: 3_600_000 };

suite('decideRetry', () => {
  test('the wait doubles with each attempt and is drawn from its upper half', () => {
    const waits = [1, 2, 3, 4].map((attempt) => {
      const decision = decideRetry({ failure: 'transient', attempt, createdAt: 0 }, 0, 0.999999, policy);
      return decision.kind === 'retry' ? decision.at : Number.NaN;
    });
    const shortest = decideRetry({ failure: 'transient', attempt: 3, createdAt: 0 }, 0, 0, policy);

    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000]);
    assert.deepEqual(shortest, { kind: 'retry', at: 2_000 });
  });

  test('an ambiguous failure is repeated like a transient one', () => {
    assert.equal(decideRetry({ failure: 'ambiguous', attempt: 1, createdAt: 0 }, 0, 0, policy).kind, 'retry');
  });

  test('a permanent failure is for a person', () => {
    assert.deepEqual(decideRetry({ failure: 'permanent', attempt: 1, createdAt: 0 }, 0, 0, policy), { kind: 'dead', why: 'permanent' });
  });

  test('what still fails after the longest wait is given up', () => {
    assert.deepEqual(decideRetry({ failure: 'transient', attempt: 900, createdAt: 0 }, 3_600_000, 0, policy), { kind: 'dead', why: 'too-old' });
  });

  test('Retry-After is a lower bound [RFC 9110 §10.2.3]', () => {
    assert.deepEqual(decideRetry({ failure: 'transient', attempt: 1, createdAt: 0, retryAfterMs: 120_000 }, 5, 0, policy), { kind: 'retry', at: 120_005 });
  });

  test('whatever the attempt, the wait lies between half the base and the cap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
        const decision = decideRetry({ failure: 'transient', attempt, createdAt: 0 }, 0, random);
        return decision.kind === 'retry' && decision.at >= defaultRetryPolicy.baseMs / 2 && decision.at <= defaultRetryPolicy.capMs;
      }),
    );
  });
});
