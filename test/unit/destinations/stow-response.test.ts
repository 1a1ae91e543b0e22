import assert from 'node:assert/strict';
import fc from 'fast-check';
import { stowOutcomes, type StowAnswer } from '../../../src/peers/stow/stow-response.ts';

const item = (uid: string, more: object = {}): object => ({ '00081150': { vr: 'UI', Value: ['1.2'] }, '00081155': { vr: 'UI', Value: [uid] }, ...more });
const failed = (uid: string, reason: number): object => item(uid, { '00081197': { vr: 'US', Value: [reason] } });

function answer(status: number, module: object | string, retryAfter?: string): StowAnswer {
  return { status, retryAfter, body: typeof module === 'string' ? module : JSON.stringify(module) };
}

function kinds(given: StowAnswer, ...uids: readonly string[]): string[] {
  return stowOutcomes(given, uids, 0).map((outcome) => (outcome.kind === 'delivered' ? 'delivered' : `${outcome.failure} ${outcome.code}`));
}

suite('STOW-RS response [PS3.18 §10.5.3, Table I.1-1]', () => {
  test('each instance is decided by its item, not by the status', () => {
    const module = { '00081199': { vr: 'SQ', Value: [item('1')] }, '00081198': { vr: 'SQ', Value: [failed('2', 0xa900), failed('3', 0xa700), failed('4', 0x0110)] } };

    assert.deepEqual(kinds(answer(202, module), '1', '2', '3', '4'), ['delivered', 'permanent PEER_REFUSED', 'transient PEER_OUT_OF_RESOURCES', 'ambiguous PEER_FAILED']);
  });

  test('both sequences present and one of them empty is a success (Orthanc)', () => {
    assert.deepEqual(kinds(answer(200, { '00081198': { vr: 'SQ' }, '00081199': { vr: 'SQ', Value: [item('1')] } }), '1'), ['delivered']);
    assert.deepEqual(kinds(answer(200, { '00081198': { vr: 'SQ', Value: [] }, '00081199': { vr: 'SQ', Value: [item('1')] } }), '1'), ['delivered']);
  });

  test('200 with a failure item is a failure', () => {
    assert.deepEqual(kinds(answer(200, { '00081198': { vr: 'SQ', Value: [failed('1', 0xc000)] } }), '1'), ['permanent PEER_REFUSED']);
  });

  test('what the peer has already is delivered: 0111H (dcm4chee), B00EH with 409 (Azure)', () => {
    const [first] = stowOutcomes(answer(409, { '00081198': { vr: 'SQ', Value: [failed('1', 0x0111)] } }), ['1'], 0);
    const [second] = stowOutcomes(answer(409, { '00081198': { vr: 'SQ', Value: [failed('1', 45070)] } }), ['1'], 0);

    assert.ok(first?.kind === 'delivered' && first.alreadyThere === true);
    assert.ok(second?.kind === 'delivered' && second.alreadyThere === true);
  });

  test('a warning is read and kept', () => {
    const [outcome] = stowOutcomes(answer(202, { '00081199': { vr: 'SQ', Value: [item('1', { '00081196': { vr: 'US', Value: [0xb000] } })] } }), ['1'], 0);

    assert.ok(outcome?.kind === 'delivered');
    assert.deepEqual(outcome.detail, { warningReason: 'B000' });
  });

  test('the module as a one-element array, UIDs with padding', () => {
    assert.deepEqual(kinds(answer(200, [{ '00081199': { vr: 'SQ', Value: [item('1\0')] } }]), '1'), ['delivered']);
  });

  test('an instance that a 2xx answer does not name is not taken for stored', () => {
    assert.deepEqual(kinds(answer(200, {}), '1'), ['ambiguous PEER_NO_OUTCOME']);
    assert.deepEqual(kinds(answer(200, '<html>'), '1'), ['ambiguous PEER_NO_OUTCOME']);
    assert.deepEqual(kinds(answer(200, ''), '1'), ['ambiguous PEER_NO_OUTCOME']);
  });

  test('without a module the status decides', () => {
    assert.deepEqual(kinds(answer(400, ''), '1'), ['permanent PEER_REFUSED']);
    assert.deepEqual(kinds(answer(409, ''), '1'), ['permanent PEER_REFUSED']);
    assert.deepEqual(kinds(answer(415, ''), '1'), ['permanent PEER_REFUSED']);
    assert.deepEqual(kinds(answer(401, ''), '1'), ['transient PEER_DENIED']);
    assert.deepEqual(kinds(answer(500, ''), '1'), ['ambiguous PEER_FAILED']);
    assert.deepEqual(kinds(answer(429, ''), '1'), ['transient PEER_BUSY']);
  });

  test('503 with Retry-After waits as long as it says', () => {
    const [outcome] = stowOutcomes(answer(503, '', '120'), ['1'], 0);

    assert.ok(outcome?.kind === 'failed');
    assert.equal(outcome.retryAfterMs, 120_000);
  });

  test('whatever a peer answers, each instance gets one outcome', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json({ maxDepth: 4 })), fc.integer({ min: 100, max: 599 }), (body, status) => stowOutcomes({ status, retryAfter: undefined, body }, ['1', '2'], 0).length === 2),
      { numRuns: 300 },
    );
  });
});
