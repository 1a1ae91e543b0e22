/**
 * What kind of failure the world handed us; retry looks at this and at the attempt count, never at a text (ADR 0007).
 *
 * - `transient`: nothing happened on the other side, trying again may help.
 * - `ambiguous`: we do not know whether the other side acted; repeat with the same identifiers.
 * - `permanent`: repeating the same thing cannot help; a person or a configuration change must.
 */
export type Failure = 'transient' | 'ambiguous' | 'permanent';

export interface GatewayErrorOptions {
  readonly failure: Failure;
  /** Facts for the log. Never a patient name, patient ID or date of birth. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>;
  readonly cause?: unknown;
}

/** The world failed: a socket, a disk, a database, a peer. `code` is stable, upper-case, and listed in docs/errors.md. */
export class GatewayError extends Error {
  readonly code: string;
  readonly failure: Failure;
  readonly context: Readonly<Record<string, string | number | boolean | null>>;

  constructor(code: string, message: string, options: GatewayErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.failure = options.failure;
    this.context = options.context ?? {};
  }
}

/** Turns anything thrown into a GatewayError; what is not one already becomes `UNEXPECTED`, transient. */
export function asGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new GatewayError('UNEXPECTED', message, { failure: 'transient', cause: thrown });
}

/** Marks a branch that the types say cannot be reached. Reaching it is our own mistake. */
export function assertNever(value: never, what = 'value'): never {
  throw new Error(`unhandled ${what}: ${JSON.stringify(value)}`);
}
