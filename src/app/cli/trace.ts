import { isUid } from '../../foundation/uid.ts';
import type { Database } from '../../store/database.ts';
import { hopsOfStudy, type Hop } from '../../store/hop.ts';
import { studyOfInstance } from '../../store/study.ts';
import { UsageError } from './command-config.ts';
import { withGatewayDatabase } from './gateway-database.ts';

/** `isocenter trace UID`: every hop of a study (or of the study of an instance) with its time; 1 = the UID is unknown. */
export async function trace(uid: string, options: { readonly config?: string }): Promise<number> {
  if (!isUid(uid)) throw new UsageError(`${uid} is not a UID`);
  return withGatewayDatabase(options.config, async (database) => {
    const hops = await hopsOf(database, uid);
    if (hops.length === 0) {
      console.error(`${uid}: not known here`);
      return 1;
    }
    for (const line of describeHops(hops)) console.log(line);
    return 0;
  });
}

async function hopsOf(database: Database, uid: string): Promise<readonly Hop[]> {
  const ofStudy = await hopsOfStudy(database, uid);
  if (ofStudy.length > 0) return ofStudy;
  const study = await studyOfInstance(database, uid);
  return study === undefined ? [] : hopsOfStudy(database, study);
}

/** A line a hop; the same event of many instances one after the other is one line with its count. */
export function describeHops(hops: readonly Hop[]): string[] {
  const started = hops[0]?.at.getTime() ?? 0;
  const groups: { first: Hop; last: Hop; count: number }[] = [];
  for (const hop of hops) {
    const group = groups.at(-1);
    if (group !== undefined && group.first.hop === hop.hop && group.first.event === hop.event && group.first.traceId === hop.traceId && group.count > 0 && hop.hop < 8) {
      group.last = hop;
      group.count += 1;
    } else {
      groups.push({ first: hop, last: hop, count: 1 });
    }
  }
  return groups.map(({ first, last, count }) => {
    const seconds = ((first.at.getTime() - started) / 1000).toFixed(3).padStart(9);
    const many = count > 1 ? ` ×${count} until +${((last.at.getTime() - started) / 1000).toFixed(3)} s` : '';
    return `${first.at.toISOString()} +${seconds} s  hop ${String(first.hop).padStart(2)}  ${first.event}${many}${facts(first)}`;
  });
}

function facts(hop: Hop): string {
  const detail = Object.entries(hop.detail ?? {}).filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [hop.subject, ...detail].filter((part) => part !== undefined && part !== '').map((part) => `  ${part}`).join('');
}
