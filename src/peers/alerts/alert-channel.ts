import { createHmac } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { request } from 'undici';
import { GatewayError } from '../../foundation/errors.ts';

/** An alert as it is told: no patient data, for it may leave the house. */
export interface ToldAlert {
  readonly id: number;
  readonly kind: string;
  readonly severity: string;
  readonly message: string;
  readonly advice: string;
  readonly studyInstanceUid: string | null;
  readonly raisedAt: string;
  readonly occurrences: number;
  readonly reason: 'raised' | 'escalated';
}

/** Somebody who is told. */
export interface AlertChannel {
  readonly name: string;
  /** Rejects with ALERT_NOT_TOLD when the channel did not take it. */
  tell(alert: ToldAlert, signal: AbortSignal): Promise<void>;
}

export interface WebhookOptions {
  readonly name: string;
  readonly url: string;
  /** Key of the signature; null = unsigned. */
  readonly secret: string | null;
  readonly software: string;
}

const ANSWER_MS = 20_000;

/**
 * POSTs the alert as JSON. `X-Isocenter-Signature: t=<Unix seconds>,v1=<hex>` is HMAC-SHA-256 with the channel's secret over
 * `<t>.<body>`; a receiver compares it and refuses an old `t`. `X-Isocenter-Delivery` is the same on each repeat.
 *
 * @param now  Unix seconds of the signature
 */
export function webhookChannel({ name, url, secret, software }: WebhookOptions, now: () => number): AlertChannel {
  return {
    name,
    tell: async (alert, signal) => {
      const body = JSON.stringify({ type: 'isocenter.alert', alert });
      const at = Math.floor(now());
      const headers = { 'content-type': 'application/json', 'user-agent': software, 'x-isocenter-delivery': `alert-${alert.id}-${alert.reason}`, ...(secret === null ? {} : { 'x-isocenter-signature': webhookSignature(secret, at, body) }) };
      try {
        const answer = await request(url, { method: 'POST', headers, body, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
        await answer.body.dump();
        if (answer.statusCode < 200 || answer.statusCode >= 300) throw notTold(name, `HTTP ${answer.statusCode}`);
      } catch (thrown) {
        throw thrown instanceof GatewayError ? thrown : notTold(name, codeOf(thrown), thrown);
      }
    },
  };
}

export function webhookSignature(secret: string, unixSeconds: number, body: string): string {
  return `t=${unixSeconds},v1=${createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex')}`;
}

export interface MailOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (port 465); else STARTTLS when the server offers it. */
  readonly tls: boolean;
  /** Refuse to go on without STARTTLS. */
  readonly requireTls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  readonly from: string;
  readonly to: readonly string[];
}

/** One mail per alert over SMTP (RFC 5321). */
export function mailChannel(options: MailOptions): AlertChannel {
  const { host, port, username, password } = options;
  return {
    name: options.name,
    tell: async (alert) => {
      const transport = createTransport({
        host, port, secure: options.tls, requireTLS: options.requireTls, connectionTimeout: ANSWER_MS, greetingTimeout: ANSWER_MS, socketTimeout: ANSWER_MS,
        ...(username === null ? {} : { auth: { user: username, pass: password ?? '' } }),
      });
      try {
        await transport.sendMail({ from: options.from, to: [...options.to], subject: `isocenter ${alert.severity}: ${alert.kind}`, text: mailText(alert), headers: { 'X-Isocenter-Alert': String(alert.id) } });
      } catch (thrown) {
        throw notTold(options.name, codeOf(thrown), thrown);
      } finally {
        transport.close();
      }
    },
  };
}

function mailText(alert: ToldAlert): string {
  return [
    `${alert.severity.toUpperCase()} ${alert.kind}${alert.reason === 'escalated' ? ' (nobody has acknowledged it)' : ''}`, '',
    alert.message, '', `What to do: ${alert.advice}`, '',
    `raised ${alert.raisedAt}, ${alert.occurrences} times`, ...(alert.studyInstanceUid === null ? [] : [`study ${alert.studyInstanceUid}`]), `alert ${alert.id}`, '',
  ].join('\r\n');
}

function notTold(channel: string, why: string, cause?: unknown): GatewayError {
  return new GatewayError('ALERT_NOT_TOLD', `alert channel ${channel} did not take it (${why})`, { failure: 'transient', context: { channel }, cause });
}

function codeOf(thrown: unknown): string {
  const { code, cause } = thrown as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause instanceof Error ? codeOf(cause) : thrown instanceof Error ? thrown.name : 'unknown error';
}
