import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../foundation/clock.ts';
import { accountedRows, segmentAccounts, unaccounted, type AccountedDestination, type AccountedRows, type UnaccountedKind } from '../../store/account.ts';
import type { Database } from '../../store/database.ts';
import { isWriterName, segmentNumberOf } from '../../store/segments/blob-address.ts';
import { SegmentScan } from '../../store/segments/segment-scan.ts';

/** Something that was acknowledged or made and that nothing accounts for. */
export interface AccountFault {
  readonly kind: 'records-without-row' | 'rows-without-record' | UnaccountedKind;
  /** `writer/segment`, Study Instance UID, job key or destination. */
  readonly subject: string;
  readonly count: number;
}

/** acknowledged = active + duplicate + superseded + quarantined (each record once) + waiting, when nothing is lost. */
export interface AccountReport {
  /** Whole records of received instances in the segments. */
  readonly acknowledged: number;
  /** Durable and behind no watermark yet: the index follows. */
  readonly waiting: number;
  readonly rows: AccountedRows;
  readonly faults: readonly AccountFault[];
}

export interface CheckAccountOptions {
  readonly database: Database;
  /** The store's `segments` folder. */
  readonly folder: string;
  readonly clock: Clock;
  readonly destinations: readonly AccountedDestination[];
  /** Longest time a study may be receiving after its last image, milliseconds. */
  readonly overdueMs: number;
  /** Counts of sealed segments from earlier checks; kept by the caller so that a running gateway reads each segment's records once. */
  readonly sealed?: Map<string, SegmentCount>;
}

export interface SegmentCount {
  readonly indexedTo: number;
  readonly size: number;
  readonly before: number;
  readonly behind: number;
}

const LEASE_GRACE_MS = 5 * 60_000;
const MOST_FAULTS = 50;

/**
 * Holds what was acknowledged against what is accounted for: every durable record of a received instance has its row (or waits in front
 * of the index's watermark), every complete study was routed, every run has results, every result and original its delivery, every
 * delivery somebody who carries it. Reads record headers only; whether the bytes are whole is `isocenter store check`.
 */
export async function checkAccount(options: CheckAccountOptions): Promise<AccountReport> {
  const { database, folder, clock, destinations } = options;
  const now = clock.now();
  // Watermarks first: rows that come while we read can only make the segments richer than what is compared.
  const accounts = new Map((await segmentAccounts(database)).map((account) => [`${account.writer}/${account.segment}`, account]));
  const faults: AccountFault[] = [];
  let acknowledged = 0;
  let waiting = 0;
  for (const { key, file } of await segmentFiles(folder)) {
    const account = accounts.get(key);
    const counted = await countOf(key, file, account?.indexed_to ?? 0, options.sealed);
    if (counted === undefined) continue;
    accounts.delete(key);
    acknowledged += counted.before + counted.behind;
    waiting += counted.behind;
    const rows = account?.rows ?? 0;
    if (counted.before > rows) faults.push({ kind: 'records-without-row', subject: key, count: counted.before - rows });
    if (counted.before < rows) faults.push({ kind: 'rows-without-record', subject: key, count: rows - counted.before });
  }
  for (const [key, account] of accounts) if (account.rows > 0) faults.push({ kind: 'rows-without-record', subject: key, count: account.rows });
  const open = await unaccounted(database, { destinations, overdueBefore: new Date(now - options.overdueMs), leaseBefore: new Date(now - LEASE_GRACE_MS), limit: MOST_FAULTS });
  return { acknowledged, waiting, rows: await accountedRows(database), faults: [...faults, ...open] };
}

async function countOf(key: string, file: string, indexedTo: number, sealed: Map<string, SegmentCount> | undefined): Promise<SegmentCount | undefined> {
  const scan = await SegmentScan.open(file);
  if (scan === undefined) return undefined;
  try {
    const known = sealed?.get(key);
    if (known !== undefined && known.indexedTo === indexedTo && known.size === scan.size) return known;
    let before = 0;
    let behind = 0;
    for await (const { header, state } of scan.records({ verifyData: false })) {
      if (header.origin !== 'received' || state === 'torn') continue;
      if (header.offset < indexedTo) before += 1;
      else behind += 1;
    }
    const counted = { indexedTo, size: scan.size, before, behind };
    sealed?.set(key, counted);
    return counted;
  } finally {
    await scan.close();
  }
}

async function segmentFiles(folder: string): Promise<{ key: string; file: string }[]> {
  const found: { key: string; file: string }[] = [];
  for (const writer of (await namesIn(folder)).filter((name) => isWriterName(name))) {
    for (const name of (await namesIn(path.join(folder, writer))).sort()) {
      const segment = segmentNumberOf(name);
      if (segment !== undefined) found.push({ key: `${writer}/${segment}`, file: path.join(folder, writer, name) });
    }
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((thrown: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes((thrown as NodeJS.ErrnoException).code ?? '')) return [];
    throw thrown;
  });
}
