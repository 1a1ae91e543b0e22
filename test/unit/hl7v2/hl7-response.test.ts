import assert from 'node:assert/strict';
import { acknowledgementOutcome } from '../../../src/peers/hl7/hl7-response.ts';

function summary(body: string): string {
  const outcome = acknowledgementOutcome(`MSH|^~\\&|A|B|C|D|1||ACK|1|P|2.5.1\r${body}\r`, 'ID1');
  return outcome.kind === 'delivered' ? `delivered ${outcome.status}` : `${outcome.failure} ${outcome.code}`;
}

suite('HL7 acknowledgement as an outcome [v2.5.1 §2.9, tables 0008 and 0357]', () => {
  test('AA and CA are taken', () => {
    assert.equal(summary('MSA|AA|ID1'), 'delivered AA');
    assert.equal(summary('MSA|CA|ID1'), 'delivered CA');
  });

  test('errors and rejections are dead letters', () => {
    assert.equal(summary('MSA|AE|ID1\rERR|||101'), 'permanent PEER_REFUSED');
    assert.equal(summary('MSA|AR|ID1\rERR|||200'), 'permanent PEER_REFUSED');
    assert.equal(summary('MSA|CR|ID1'), 'permanent PEER_REFUSED');
  });

  test('207 internal error and 206 record locked are repeated', () => {
    assert.equal(summary('MSA|AE|ID1\rERR|||207^Application internal error^HL70357'), 'ambiguous PEER_FAILED');
    assert.equal(summary('MSA|CE|ID1\rERR|||206'), 'ambiguous PEER_FAILED');
  });

  test('an answer to another message is none', () => {
    assert.equal(summary('MSA|AA|OTHER'), 'ambiguous PEER_NO_OUTCOME');
    assert.equal(summary('MSA|AA'), 'ambiguous PEER_NO_OUTCOME');
    assert.equal(summary('ZZZ|1'), 'ambiguous PEER_NO_OUTCOME');
  });
});
