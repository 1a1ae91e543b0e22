import assert from 'node:assert/strict';
import { decideNotices, type NoticePolicy } from '../../../src/stages/alerting/decide-notices.ts';
import type { OpenAlert } from '../../../src/store/alert-notice.ts';

const RAISED = Date.UTC(2026, 0, 1, 12);
const policy: NoticePolicy = {
  channels: [{ name: 'all', minSeverity: 'info', escalation: false }, { name: 'bad', minSeverity: 'critical', escalation: false }, { name: 'boss', minSeverity: 'warning', escalation: true }],
  escalateAfterMs: 60_000,
  quietHours: { from: 22 * 60, to: 6 * 60, minSeverity: 'critical' },
};
const NOON = 12 * 60;

function alert(overrides: Partial<OpenAlert> = {}): OpenAlert {
  return { id: 1, kind: 'DESTINATION_DOWN', severity: 'warning', raised_at: new Date(RAISED), acknowledged_at: null, channels: [], ...overrides };
}

function told(one: OpenAlert, now: number, minute = NOON): string[] {
  return decideNotices([one], policy, now, minute).map((notice) => `${notice.channel} ${notice.reason}`);
}

suite('whom to tell of an alert', () => {
  test('each channel hears of alerts of its severity, once', () => {
    assert.deepEqual(told(alert(), RAISED), ['all raised']);
    assert.deepEqual(told(alert({ severity: 'critical' }), RAISED), ['all raised', 'bad raised']);
    assert.deepEqual(told(alert({ channels: ['all'] }), RAISED), []);
  });

  test('the escalation channel hears of it when nobody acknowledged it in time', () => {
    assert.deepEqual(told(alert({ channels: ['all'] }), RAISED + 59_999), []);
    assert.deepEqual(told(alert({ channels: ['all'] }), RAISED + 60_000), ['boss escalated']);
    assert.deepEqual(told(alert({ channels: ['all'], acknowledged_at: new Date(RAISED) }), RAISED + 60_000), []);
  });

  test('in quiet hours, over midnight, only what is severe enough is told; the rest waits until they end', () => {
    assert.deepEqual(told(alert(), RAISED, 23 * 60), []);
    assert.deepEqual(told(alert(), RAISED, 5 * 60 + 59), []);
    assert.deepEqual(told(alert(), RAISED, 6 * 60), ['all raised']);
    assert.deepEqual(told(alert({ severity: 'critical' }), RAISED, 23 * 60), ['all raised', 'bad raised']);
  });
});
