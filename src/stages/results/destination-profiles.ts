import { forms, learnedProfile, sopClassOfForm, type AcceptedClass, type CapabilityProfile, type Form } from '../../domain/ladder.ts';
import type { Clock } from '../../foundation/clock.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import type { Database } from '../../store/database.ts';
import { capabilitiesOf, learnCapabilities, type LearnedCapability } from '../../store/destination-capability.ts';

/** Destinations of the configuration, as far as queueing needs them. */
export interface DestinationName {
  readonly name: string;
  readonly kind: string;
  /** Absent = Comprehensive 3D SR and SEG. */
  readonly accepts?: 'auto' | readonly Form[];
  readonly also?: readonly Form[];
}

/** Asks a destination which SOP classes it takes; undefined where that cannot be asked. */
export type Probe = (destination: string, sopClassUids: readonly string[], signal: AbortSignal) => Promise<readonly AcceptedClass[] | undefined>;

export interface ProfileDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly probe?: Probe;
}

/** A PACS that was updated is asked again a day later; what its answers taught is forgotten after a week. */
const ASSOCIATION_IS_GOOD_FOR_MS = 24 * 3_600_000;
const ANSWER_IS_GOOD_FOR_MS = 7 * 24 * 3_600_000;
const PROBE_TIMEOUT_MS = 5_000;

/**
 * What each of these destinations takes: as configured, or for `auto` what it was asked or taught us. A destination that does not answer now is
 * judged by what is known; a failing probe delays nothing for longer than its timeout.
 */
export async function destinationProfiles(deps: ProfileDependencies, destinations: readonly DestinationName[]): Promise<ReadonlyMap<string, CapabilityProfile>> {
  const open = destinations.filter(({ accepts }) => accepts === 'auto').map(({ name }) => name);
  const rows = open.length === 0 ? [] : fresh(await capabilitiesOf(deps.database, open), deps.clock.now());
  const profiles = await Promise.all(destinations.map(async (destination): Promise<[string, CapabilityProfile]> => {
    if (destination.accepts !== 'auto') return [destination.name, fixedProfile(destination)];
    const known = rows.filter((row) => row.destination === destination.name);
    return [destination.name, learnedProfile(known.length > 0 ? known.map(({ sop_class_uid: sopClassUid, accepted }) => ({ sopClassUid, accepted })) : await ask(deps, destination.name), destination.also)];
  }));
  return new Map(profiles);
}

function fixedProfile({ accepts, also }: DestinationName): CapabilityProfile {
  const list = accepts === undefined || accepts === 'auto' ? (['sr3d', 'seg'] as const) : accepts;
  return { source: 'configured', accepted: new Set(list), refused: new Set(), also: new Set(also) };
}

function fresh(rows: readonly LearnedCapability[], now: number): readonly LearnedCapability[] {
  return rows.filter(({ learned_from: from, learned_at: at }) => now - at.getTime() < (from === 'association' ? ASSOCIATION_IS_GOOD_FOR_MS : ANSWER_IS_GOOD_FOR_MS));
}

async function ask({ database, clock, log, probe }: ProfileDependencies, destination: string): Promise<readonly AcceptedClass[]> {
  try {
    const said = await probe?.(destination, forms.map((form) => sopClassOfForm[form]), AbortSignal.timeout(PROBE_TIMEOUT_MS));
    if (said === undefined) return [];
    await learnCapabilities(database, destination, said, 'association', new Date(clock.now()));
    return said;
  } catch (thrown) {
    log.warn('results.probe-failed', { destination, code: asGatewayError(thrown).code });
    return [];
  }
}
