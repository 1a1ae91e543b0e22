import { systemClock } from '../../foundation/clock.ts';
import { isUid } from '../../foundation/uid.ts';
import { checkAccount } from '../../stages/alerting/check-account.ts';
import { studyLedger, type LedgerObject, type StudyLedger } from '../../stages/delivery/study-ledger.ts';
import { unprovenByDestination } from '../../store/ledger.ts';
import { studyOfInstance } from '../../store/study.ts';
import { accountOptions } from '../alerting-components.ts';
import { provingDestinations } from '../destinations.ts';
import { UsageError } from './command-config.ts';
import { withGatewayDatabase } from './gateway-database.ts';

export interface LedgerOptions {
  readonly config?: string;
  readonly check?: boolean;
  readonly json?: boolean;
}

/**
 * `isocenter ledger UID`: what is proven of a study (or of the study of an instance), per object and destination; 0 = printed, 1 = the UID
 * is unknown. Without UID: what is not proven, per destination. `--check`: 0 = all that was acknowledged is accounted for, 1 = it is
 * not, with every fault named.
 */
export async function ledger(uid: string | undefined, options: LedgerOptions): Promise<number> {
  if (uid !== undefined && !isUid(uid)) throw new UsageError(`${uid} is not a UID`);
  if (options.check === true) return check(options);
  return withGatewayDatabase(options.config, async (database, config) => {
    const proving = provingDestinations(config);
    if (uid === undefined) {
      const open = await unprovenByDestination(database, proving);
      for (const { destination, count, since } of open) console.log(`${destination}: ${count} not proven, the oldest since ${since.toISOString()}`);
      if (open.length === 0) console.log(proving.length === 0 ? 'no destination offers a proof' : 'every delivery is proven');
      return 0;
    }
    const found = (await studyLedger(database, uid, new Set(proving))) ?? (await studyLedger(database, (await studyOfInstance(database, uid)) ?? uid, new Set(proving)));
    if (found === undefined) {
      console.error(`${uid}: not known here`);
      return 1;
    }
    for (const line of options.json === true ? [JSON.stringify(found, null, 2)] : describeLedger(found)) console.log(line);
    return 0;
  });
}

function check(options: LedgerOptions): Promise<number> {
  return withGatewayDatabase(options.config, async (database, config) => {
    const { acknowledged, waiting, rows, faults } = await checkAccount({ ...accountOptions(config), database, clock: systemClock });
    for (const { kind, subject, count } of faults) console.error(`${kind} ${subject} ${count}`);
    console.log(`acknowledged ${acknowledged}: ${rows.active} served, ${rows.duplicate} repeats, ${rows.superseded} superseded, ${rows.quarantined} quarantined, ${waiting} waiting for the index`);
    console.log(faults.length === 0 ? 'all that was acknowledged is accounted for' : `${faults.length} faults`);
    return faults.length === 0 ? 0 : 1;
  });
}

/** The sums first, then a line an object; originals that fared the same are one line. */
export function describeLedger({ study, objects, destinations }: StudyLedger): string[] {
  const lines = [`study ${study.study_instance_uid}: ${study.state}${study.hold_reason === null ? '' : ` (${study.hold_reason})`}, revision ${study.revision}, ${study.instance_count} originals, ${study.quarantined} in quarantine`];
  for (const { destination, proves, steps, unproven, unprovenSince } of destinations) {
    const counts = Object.entries(steps).map(([step, count]) => `${count} ${step}`).join(', ');
    const proof = !proves && (steps.accepted ?? 0) > 0 ? '; it offers no proof beyond its answer' : unprovenSince === null ? '' : `; ${unproven} not proven since ${unprovenSince.toISOString()}`;
    lines.push(`destination ${destination}: ${counts}${proof}`);
  }
  const groups = new Map<string, LedgerObject[]>();
  for (const object of objects) {
    const key = object.kind === 'result' ? `${objects.indexOf(object)}` : describeFate(object);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [object]);
    else group.push(object);
  }
  for (const group of groups.values()) lines.push(...describeGroup(group));
  return lines;
}

function describeGroup(group: readonly LedgerObject[]): string[] {
  const [first] = group as [LedgerObject, ...LedgerObject[]];
  const times = group.map((object) => (object.receivedAt ?? object.producedAt)!.getTime());
  const [from, to] = [new Date(Math.min(...times)), new Date(Math.max(...times))];
  const what = first.kind === 'result' ? `${first.role} ${first.sopInstanceUid ?? ''} produced ${from.toISOString()} by ${first.producedBy}` : `${group.length} originals received ${from.toISOString()} … ${to.toISOString()}`;
  return [what, `    ${describeFate(first)}`, ...first.deliveries.filter((delivery) => delivery.reason !== null && !['accepted', 'committed'].includes(delivery.step)).map((delivery) => `    ${delivery.destination}: ${delivery.reason}`)];
}

function describeFate(object: LedgerObject): string {
  const used = object.usedByRuns.length === 0 ? [] : [`used by runs ${object.usedByRuns.join(' ')}`];
  const here = object.kind === 'original' ? ['received', 'stored', 'indexed', ...(object.digested ? ['digested'] : []), ...used] : ['produced', 'stored', object.validated === true ? 'validated' : 'NOT VALID'];
  return [here.join(', '), ...object.deliveries.map((delivery) => `${delivery.destination} ${delivery.step}${delivery.code === null ? '' : ` (${delivery.code})`}`)].join('; ');
}
