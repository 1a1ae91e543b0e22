import type { OpenAlert } from '../../store/alert-notice.ts';

export type Severity = OpenAlert['severity'];

/** A way to tell somebody. */
export interface ChannelPolicy {
  readonly name: string;
  /** Alerts below this are not told here. */
  readonly minSeverity: Severity;
  /** `alert`: told when it is raised · `escalation`: told when nobody acknowledged it for so long. */
  readonly escalation: boolean;
}

export interface NoticePolicy {
  readonly channels: readonly ChannelPolicy[];
  /** Time without acknowledgement after which the escalation channels are told, milliseconds. */
  readonly escalateAfterMs: number;
  /** Local hours in which only alerts of `minSeverity` are told; the others wait until they end. Null = none. */
  readonly quietHours: QuietHours | null;
}

export interface QuietHours {
  /** Minutes after midnight, local time. `from` later than `to` means over midnight. */
  readonly from: number;
  readonly to: number;
  readonly minSeverity: Severity;
}

export interface NoticeDecision {
  readonly alertId: number;
  readonly channel: string;
  readonly reason: 'raised' | 'escalated';
}

const rank: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };

/**
 * Whom to tell of which open alert now. Each channel hears of an alert once; an acknowledged alert is told to nobody else; a closed one
 * is not among `alerts`. Pure.
 *
 * @param minuteOfDay  local time, minutes after midnight
 */
export function decideNotices(alerts: readonly OpenAlert[], policy: NoticePolicy, now: number, minuteOfDay: number): NoticeDecision[] {
  const quiet = policy.quietHours !== null && isWithin(policy.quietHours, minuteOfDay) ? policy.quietHours : null;
  return alerts.flatMap((alert) => {
    if (alert.acknowledged_at !== null || (quiet !== null && rank[alert.severity] < rank[quiet.minSeverity])) return [];
    const escalated = now - alert.raised_at.getTime() >= policy.escalateAfterMs;
    return policy.channels
      .filter((channel) => rank[alert.severity] >= rank[channel.minSeverity] && !alert.channels.includes(channel.name) && (!channel.escalation || escalated))
      .map((channel) => ({ alertId: alert.id, channel: channel.name, reason: channel.escalation ? ('escalated' as const) : ('raised' as const) }));
  });
}

export function isWithin({ from, to }: QuietHours, minute: number): boolean {
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}
