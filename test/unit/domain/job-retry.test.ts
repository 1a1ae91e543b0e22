import assert from 'node:assert/strict';
import { CHILD_DIED, decideJobRetry } from '../../../src/domain/job-retry.ts';

suite('retry of a model run', () => {
  test('a transient failure is tried again, later each time, until the attempts are used', () => {
    const at = (attempts: number): number | null => decideJobRetry({ code: 'DATABASE_UNAVAILABLE', failure: 'transient', attempts, maxAttempts: 3 }).retryInMs;

    assert.deepEqual([at(1), at(2), at(3)], [1_000, 4_000, null]);
  });

  test('a permanent failure is not tried again', () => {
    assert.equal(decideJobRetry({ code: 'MODEL_REFUSED', failure: 'permanent', attempts: 1, maxAttempts: 3 }).retryInMs, null);
  });

  test('images that kill the model process twice are poison', () => {
    assert.equal(decideJobRetry({ code: CHILD_DIED, failure: 'transient', attempts: 1, maxAttempts: 3 }).retryInMs, 1_000);
    assert.equal(decideJobRetry({ code: CHILD_DIED, failure: 'transient', attempts: 2, maxAttempts: 3 }).retryInMs, null);
  });
});
