import assert from 'node:assert/strict';
import { admission, afterAnswer, afterFailure, closedCircuit, type Circuit } from '../../../src/domain/circuit.ts';

const policy = { failuresToOpen: 3, baseMs: 1_000, capMs: 8_000 };

function failures(count: number, now = 0): Circuit {
  let circuit = closedCircuit;
  for (let i = 0; i < count; i += 1) circuit = afterFailure(circuit, now, 0.999999, undefined, policy);
  return circuit;
}

suite('circuit', () => {
  test('opens after three failures in a row and lets nothing through until the probe is due', () => {
    assert.equal(admission(failures(2), 0), 'all');
    assert.equal(admission(failures(3), 999), 'none');
    assert.equal(admission(failures(3), 1_000), 'probe');
  });

  test('each failed probe doubles the wait, up to the cap', () => {
    assert.deepEqual([3, 4, 5, 6, 7, 8].map((count) => failures(count).probeAt), [1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  });

  test('Retry-After opens at once and for at least that long', () => {
    const circuit = afterFailure(closedCircuit, 100, 0, 30_000, policy);

    assert.equal(circuit.state, 'open');
    assert.equal(circuit.probeAt, 30_100);
  });

  test('any answer closes it', () => {
    assert.deepEqual(afterAnswer(), closedCircuit);
  });
});
