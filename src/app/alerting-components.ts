import { takes } from '../destinations/registry.ts';
import type { PayloadMediaType } from '../destinations/destination.ts';
import { mailChannel, webhookChannel, type AlertChannel } from '../peers/alerts/alert-channel.ts';
import { AlertNotifier } from '../stages/alerting/alert-notifier.ts';
import type { CheckAccountOptions } from '../stages/alerting/check-account.ts';
import type { NoticePolicy } from '../stages/alerting/decide-notices.ts';
import { Watches } from '../stages/alerting/watches.ts';
import type { Component } from './component.ts';
import type { Config } from './config/load-config.ts';
import type { AlertingConfig } from './config/schema.ts';
import { provingDestinations } from './destinations.ts';
import type { RoleContext } from './role-context.ts';
import { segmentsFolder } from './segment-writer-component.ts';
import { version } from './version.ts';

/** The watches that raise alerts nobody else does, and the notifier that tells people of all of them. */
export function alertingComponents({ config, database, clock, log, metrics }: RoleContext): readonly Component[] {
  const { alerting } = config;
  return [
    new Watches({
      database, clock, log, metrics,
      proving: provingDestinations(config),
      unprovenAfterMs: alerting.unprovenAfterMinutes * 60_000,
      certificates: certificatesOf(config),
      certificateDays: alerting.certificateDays,
      account: accountOptions(config),
    }),
    new AlertNotifier({ database, clock, log, policy: policyOf(alerting), channels: alerting.channels.map((channel) => channelOf(channel, () => clock.now() / 1_000)) }),
  ];
}

/** What the nothing-lost check needs of the configuration. */
export function accountOptions(config: Config): Omit<CheckAccountOptions, 'database' | 'clock' | 'sealed'> {
  const types: readonly PayloadMediaType[] = ['application/dicom', 'application/fhir+json', 'application/hl7-v2'];
  return {
    folder: segmentsFolder(config.dataDir),
    destinations: config.destinations.map(({ name, kind }) => ({ name, mediaTypes: types.filter((type) => takes(kind, type)) })),
    overdueMs: (config.completeness.maxWaitSeconds + 600) * 1_000,
  };
}

function policyOf({ channels, escalateAfterMinutes, quietHours }: AlertingConfig): NoticePolicy {
  return {
    channels: channels.map(({ name, minSeverity, escalation }) => ({ name, minSeverity, escalation })),
    escalateAfterMs: escalateAfterMinutes * 60_000,
    quietHours: quietHours === undefined ? null : { from: minutesOf(quietHours.from), to: minutesOf(quietHours.to), minSeverity: quietHours.minSeverity },
  };
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return hours! * 60 + minutes!;
}

function channelOf(channel: AlertingConfig['channels'][number], unixSeconds: () => number): AlertChannel {
  const secret = (variable: string | undefined): string | null => (variable === undefined ? null : (process.env[variable] ?? null));
  if (channel.kind === 'webhook') return webhookChannel({ name: channel.name, url: channel.url, secret: secret(channel.secretEnv), software: `isocenter/${version()}` }, unixSeconds);
  const { name, host, port, tls, requireTls, from, to } = channel;
  return mailChannel({ name, host, port, tls, requireTls, from, to, username: channel.username ?? null, password: secret(channel.passwordEnv) });
}

function certificatesOf(config: Config): string[] {
  const sections = (['dimse', 'http', 'hl7'] as const).flatMap((key) => [config[key].tls, ...config[key].listeners.map((entry) => entry.tls)]);
  return [...new Set(sections.flatMap((tls) => (tls === undefined ? [] : [tls.cert])))];
}
