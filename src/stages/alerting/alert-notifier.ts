import type { Clock } from '../../foundation/clock.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import type { AlertChannel } from '../../peers/alerts/alert-channel.ts';
import { claimNotices, insertNotice, markNotTold, markTold, openAlertsForNotice, type DueNotice } from '../../store/alert-notice.ts';
import type { Database } from '../../store/database.ts';
import { decideNotices, type NoticePolicy } from './decide-notices.ts';

export interface AlertNotifierOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly policy: NoticePolicy;
  readonly channels: readonly AlertChannel[];
  readonly pollMs?: number;
}

const POLL_MS = 2_000;
const CLAIM_MS = 60_000;
const BASE_MS = 15_000;
const CAP_MS = 15 * 60_000;
const MOST_ATTEMPTS = 200;
const MOST_ALERTS = 1_000;

/** Tells people of open alerts, by the policy: each channel once, again until it takes it. */
export class AlertNotifier {
  readonly name = 'alert-notifier';
  readonly #options: AlertNotifierOptions;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(options: AlertNotifierOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#options.channels.length === 0) return;
    this.#timer = setInterval(() => {
      this.#running ??= this.#tick().finally(() => (this.#running = undefined));
    }, this.#options.pollMs ?? POLL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.#running;
  }

  async #tick(): Promise<void> {
    try {
      await this.#plan();
      await this.#tell();
    } catch (thrown) {
      this.#options.log.warn('alerting.failed', { code: asGatewayError(thrown).code });
    }
  }

  async #plan(): Promise<void> {
    const { database, clock, policy } = this.#options;
    const now = clock.now();
    const local = new Date(now);
    const decisions = decideNotices(await openAlertsForNotice(database, MOST_ALERTS), policy, now, local.getHours() * 60 + local.getMinutes());
    for (const { alertId, channel, reason } of decisions) await insertNotice(database, alertId, channel, reason, local);
  }

  async #tell(): Promise<void> {
    const { database, clock } = this.#options;
    const now = clock.now();
    const due = await claimNotices(database, new Date(now), new Date(now + CLAIM_MS), 50);
    // Side by side: a channel that hangs must not keep the others from telling.
    await Promise.all(due.map((notice) => this.#tellOne(notice)));
  }

  async #tellOne(notice: DueNotice): Promise<void> {
    const { database, clock, log, channels } = this.#options;
    const channel = channels.find((candidate) => candidate.name === notice.channel);
    if (channel === undefined) return markNotTold(database, notice, 'CHANNEL_UNKNOWN', null);
    try {
      await channel.tell(
        {
          id: notice.alert_id, kind: notice.kind, severity: notice.severity, message: notice.message, advice: notice.advice, studyInstanceUid: notice.study_instance_uid,
          raisedAt: notice.raised_at.toISOString(), occurrences: notice.occurrences, reason: notice.reason,
        },
        this.#stop.signal,
      );
      await markTold(database, notice, new Date(clock.now()));
      log.info('alerting.told', { channel: notice.channel, kind: notice.kind, reason: notice.reason });
    } catch (thrown) {
      const error = asGatewayError(thrown);
      const retryAt = notice.attempts >= MOST_ATTEMPTS ? null : new Date(clock.now() + Math.min(CAP_MS, BASE_MS * 2 ** Math.min(notice.attempts - 1, 10)));
      log.warn('alerting.not-told', { channel: notice.channel, kind: notice.kind, code: error.code, message: error.message });
      await markNotTold(database, notice, error.message.slice(0, 300), retryAt);
    }
  }
}
