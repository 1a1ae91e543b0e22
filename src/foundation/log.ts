import { pino, type Logger } from 'pino';

/**
 * Structured log. The event name is `stage.verb`; facts are fields; no sentences, no patient data (UIDs only in fields).
 * error = a person must act, warn = will become so, info = one line per study, debug = per message.
 */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  child(fields: LogFields): Log;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Which process speaks: `intake`, `web`, `work`, `supervisor`. */
  readonly role: string;
  /** File descriptor to write to; 2 (stderr) unless told. */
  readonly fd?: number;
}

export function createLog(options: LogOptions): Log {
  const destination = pino.destination({ fd: options.fd ?? 2, sync: true });
  return wrap(pino({ level: options.level, base: { role: options.role }, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'event' }, destination));
}

/** A log that says nothing, for tests and tools. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };

function wrap(logger: Logger): Log {
  return {
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
    child: (fields) => wrap(logger.child(fields)),
  };
}
