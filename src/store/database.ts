import { Client, escapeIdentifier, Pool, types, type CustomTypesConfig, type PoolClient, type QueryResult } from 'pg';
import { GatewayError } from '../foundation/errors.ts';

/** A named, prepared statement: one job each. `text` is lower-case SQL with $1, $2 … */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export interface Row {
  readonly [column: string]: unknown;
}

/** Runs statements: the pool outside a transaction, one connection inside. Store functions take it as their first parameter. */
export interface Tx {
  /** Rows of a statement. bigint comes as number (ids stay below 2^53), timestamptz as Date, jsonb parsed. Give jsonb values as JSON.stringify(…). */
  query<R extends object = Row>(statement: Statement, values?: readonly unknown[]): Promise<R[]>;
  /** Rows changed. */
  execute(statement: Statement, values?: readonly unknown[]): Promise<number>;
}

export interface DatabaseOptions {
  /** `postgres://…`, also with a socket folder: `postgres:///name?host=/folder&user=…`. */
  readonly url: string;
  readonly maxConnections?: number;
  readonly applicationName: string;
  /** Called with errors of idle connections (server restarted, network gone); the pool heals itself. */
  readonly onIdleError?: (error: Error) => void;
}

const BIGINT_OID = 20;
const parsers: CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === BIGINT_OID && format !== 'binary' ? (text: string) => Number(text) : types.getTypeParser(oid, format),
};

/** PostgreSQL, reached through pg. Every failure becomes a GatewayError whose class says whether a retry can help. */
export class Database implements Tx {
  readonly url: string;
  readonly #pool: Pool;
  readonly #applicationName: string;

  constructor(options: DatabaseOptions) {
    this.url = options.url;
    this.#applicationName = options.applicationName;
    this.#pool = new Pool({
      connectionString: options.url,
      max: options.maxConnections ?? 8,
      application_name: options.applicationName,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 30_000,
      types: parsers,
    });
    this.#pool.on('error', (error) => options.onIdleError?.(error));
  }

  async query<R extends object = Row>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    return (await run(this.#pool, statement, values)).rows as R[];
  }

  async execute(statement: Statement, values: readonly unknown[] = []): Promise<number> {
    return (await run(this.#pool, statement, values)).rowCount ?? 0;
  }

  /**
   * Runs `work` in one transaction: commits when it resolves, rolls back when it rejects. A connection that broke is thrown away.
   * A commit whose answer was lost is `ambiguous`.
   */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let broken = false;
    // A connection that dies between two statements says so by an event; the next statement fails anyhow.
    const lost = (): void => {
      broken = true;
    };
    client.on('error', lost);
    try {
      await client.query('begin');
      const value = await work(transactionOf(client));
      await commit(client);
      return value;
    } catch (thrown) {
      broken ||= await client.query('rollback').then(() => false, () => true);
      throw asDatabaseError(thrown);
    } finally {
      client.off('error', lost);
      client.release(broken);
    }
  }

  /**
   * Calls `notified` with the payload of each NOTIFY on `channel`. A lost connection is re-opened; `notified` is then called once
   * with an empty payload, since notifications may have been missed. Hints only: every listener also polls.
   *
   * @returns a function that stops listening
   */
  listen(channel: string, notified: (payload: string) => void): () => Promise<void> {
    let stopped = false;
    let client: Client | undefined;
    let retry: NodeJS.Timeout | undefined;
    const connect = async (): Promise<void> => {
      if (stopped) return;
      const fresh = new Client({ connectionString: this.url, application_name: `${this.#applicationName} listen`, connectionTimeoutMillis: 5_000 });
      client = fresh;
      const again = (): void => {
        if (stopped || client !== fresh) return;
        client = undefined;
        fresh.end().catch(() => undefined);
        retry = setTimeout(() => void connect(), 1_000);
        retry.unref();
      };
      fresh.on('error', again);
      fresh.on('end', again);
      fresh.on('notification', (message) => notified(message.payload ?? ''));
      try {
        await fresh.connect();
        await fresh.query(`listen ${escapeIdentifier(channel)}`);
        notified('');
      } catch {
        again();
      }
    };
    void connect();
    return async () => {
      stopped = true;
      clearTimeout(retry);
      await client?.end().catch(() => undefined);
    };
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (thrown) {
      throw asDatabaseError(thrown);
    }
  }
}

function transactionOf(client: PoolClient): Tx {
  return {
    query: async <R extends object = Row>(statement: Statement, values: readonly unknown[] = []) => (await run(client, statement, values)).rows as R[],
    execute: async (statement, values = []) => (await run(client, statement, values)).rowCount ?? 0,
  };
}

async function run(target: Pool | PoolClient, statement: Statement, values: readonly unknown[]): Promise<QueryResult> {
  try {
    return await target.query({ name: statement.name, text: statement.text, values: [...values] });
  } catch (thrown) {
    throw asDatabaseError(thrown, statement.name);
  }
}

async function commit(client: PoolClient): Promise<void> {
  try {
    await client.query('commit');
  } catch (thrown) {
    const known = typeof (thrown as { code?: unknown }).code === 'string';
    throw known ? thrown : new GatewayError('DATABASE_COMMIT_UNKNOWN', 'the answer to a commit was lost', { failure: 'ambiguous', cause: thrown });
  }
}

// Classes 08 connection, 40 rollback (deadlock, serialisation), 53 resources, 57 operator intervention (restart), 55 object in use:
// the same statement may succeed later. Everything else is our mistake or a full stop.
const TRANSIENT = /^(08|40|53|55|57)/;

function asDatabaseError(thrown: unknown, statement?: string): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  const code = (thrown as { code?: unknown }).code;
  const sqlState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
  const transient = sqlState === undefined || TRANSIENT.test(sqlState);
  const context = { ...(statement === undefined ? {} : { statement }), ...(sqlState === undefined ? {} : { sqlState }) };
  // The server's text may quote values; only its primary message is kept, which names columns and constraints.
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new GatewayError(transient ? 'DATABASE_UNAVAILABLE' : 'DATABASE_REFUSED', message, { failure: transient ? 'transient' : 'permanent', context, cause: thrown });
}

/** True when PostgreSQL refused a row because a unique index already has it (SQLSTATE 23505). */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof GatewayError && error.context['sqlState'] === '23505';
}
