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

/** A line a hop, with the time since the first. */
export function describeHops(hops: readonly Hop[]): string[] {
  const started = hops[0]?.at.getTime() ?? 0;
  return hops.map((hop) => `${hop.at.toISOString()} +${seconds(hop, started).padStart(9)} s  hop ${String(hop.hop).padStart(2)}  ${hop.event}${facts(hop.subject, hop.detail ?? {})}`);
}

function seconds(hop: Hop, started: number): string {
  return ((hop.at.getTime() - started) / 1000).toFixed(3);
}

function facts(subject: string | undefined, detail: Readonly<Record<string, unknown>>): string {
  const said = Object.entries(detail).filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [subject, ...said].filter((part) => part !== undefined && part !== '').map((part) => `  ${part}`).join('');
}
