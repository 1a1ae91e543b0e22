import assert from 'node:assert/strict';
import { networkFailure, retryAfterMs } from '../../../src/peers/http-failure.ts';

suite('HTTP failures', () => {
  test('Retry-After: seconds, a date, nonsense, and never more than a day [RFC 9110 §10.2.3]', () => {
    const now = Date.UTC(2026, 0, 1, 12);

    assert.equal(retryAfterMs('120', now), 120_000);
    assert.equal(retryAfterMs('Thu, 01 Jan 2026 12:00:30 GMT', now), 30_000);
    assert.equal(retryAfterMs('Thu, 01 Jan 2026 11:00:00 GMT', now), 0);
    assert.equal(retryAfterMs('soon', now), undefined);
    assert.equal(retryAfterMs(undefined, now), undefined);
    assert.equal(retryAfterMs('99999999', now), 86_400_000);
  });

  test('what never left is transient, what may have arrived is ambiguous', () => {
    const failureOf = (code: string): string => networkFailure(Object.assign(new Error('x'), { code })).failure;

    for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT']) assert.equal(failureOf(code), 'transient', code);
    for (const code of ['ECONNRESET', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'EPIPE']) assert.equal(failureOf(code), 'ambiguous', code);
  });

  test('the code is found in the cause, where fetch puts it', () => {
    const error = new TypeError('fetch failed', { cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) });

    assert.equal(networkFailure(error).status, 'ECONNREFUSED');
  });
});
