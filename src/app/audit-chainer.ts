import { asGatewayError } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import { chainAuditEvents } from '../store/audit-chain.ts';
import type { Database } from '../store/database.ts';
import type { Component } from './component.ts';

const EVERY_MS = 1_000;

/** Gives audit events their place in the hash chain soon after they were written; of several processes one is the leader. */
export function createAuditChainer(database: Database, log: Log): Component {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  const chain = async (): Promise<void> => {
    try {
      while ((await chainAuditEvents(database)) > 0);
    } catch (thrown) {
      log.warn('audit.chain-failed', { code: asGatewayError(thrown).code });
    }
  };
  return {
    name: 'audit-chainer',
    start: async () => {
      timer = setInterval(() => {
        running ??= chain().finally(() => (running = undefined));
      }, EVERY_MS);
    },
    stop: async () => {
      clearInterval(timer);
      await running;
      await chain(); // what the shutdown itself wrote
    },
  };
}
