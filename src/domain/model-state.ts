import { createHash } from 'node:crypto';

/** Where a version of a model stands. Only `active` and `canary` versions see studies; a quarantined one never runs. */
export type ModelState = 'registered' | 'validated' | 'shadow' | 'canary' | 'active' | 'retired' | 'quarantined';

export interface ModelVersion {
  readonly modelId: string;
  readonly version: string;
  readonly digest: string;
  readonly state: ModelState;
  /** Share of studies a canary takes, 0–1. */
  readonly canaryShare: number | null;
  readonly selfTestPassed: boolean;
}

/** What a person may do: the states that can be left for each. The gateway alone registers, validates and quarantines by itself. */
const FROM: Readonly<Record<ModelState, readonly ModelState[]>> = {
  registered: ['quarantined', 'retired'],
  validated: ['registered', 'shadow', 'canary', 'active', 'retired'],
  shadow: ['registered', 'validated', 'canary', 'active', 'retired'],
  canary: ['registered', 'validated', 'shadow', 'active', 'retired'],
  active: ['registered', 'validated', 'shadow', 'canary', 'retired'],
  retired: ['registered', 'validated', 'shadow', 'canary', 'active', 'quarantined'],
  quarantined: ['registered', 'validated', 'shadow', 'canary', 'active', 'retired'],
};

/** Why a change of state is not possible, a sentence; undefined when it is. */
export function whyNotState(from: ModelState, to: ModelState): string | undefined {
  if (from === to) return `the version is already ${to}`;
  if (FROM[to].includes(from)) return undefined;
  return from === 'quarantined' ? 'a quarantined version must be registered again first: its self-test then decides' : `a version that is ${from} cannot become ${to}`;
}

/**
 * Which installed version of a model sees a study: a canary by its share (the same study always goes the same way), else the active one, else, when
 * no version was ever active, the newest registered or validated one.
 *
 * @param versions  of one model id, installed here
 */
export function versionFor(versions: readonly ModelVersion[], studyInstanceUid: string): ModelVersion | undefined {
  const canary = versions.find((one) => one.state === 'canary');
  if (canary !== undefined && shareOf(studyInstanceUid, canary.digest) < (canary.canaryShare ?? 0)) return canary;
  const active = versions.find((one) => one.state === 'active');
  if (active !== undefined || versions.some((one) => one.state === 'retired' || one.state === 'shadow' || one.state === 'canary')) return active;
  return versions.filter((one) => one.state === 'registered' || one.state === 'validated').sort((a, b) => compareVersions(b.version, a.version) || (a.digest < b.digest ? -1 : 1))[0];
}

/** True when jobs made for this version may still run. */
export function mayRun(state: ModelState): boolean {
  return state !== 'quarantined';
}

/** Order of versions like 1.10.0 and 1.9.2; a pre-release comes before its release. */
export function compareVersions(a: string, b: string): number {
  const [[aCore = '', ...aPre], [bCore = '', ...bPre]] = [a.split('-'), b.split('-')];
  const [left, right] = [aCore, bCore].map((core) => core.split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < 3; i++) if ((left[i] ?? 0) !== (right[i] ?? 0)) return (left[i] ?? 0) - (right[i] ?? 0);
  if (aPre.length === 0 || bPre.length === 0) return bPre.length - aPre.length;
  return aPre.join('-') < bPre.join('-') ? -1 : aPre.join('-') > bPre.join('-') ? 1 : 0;
}

/** A number from 0 to 1 that is the same for a study and version every time. */
function shareOf(studyInstanceUid: string, digest: string): number {
  return createHash('sha256').update(`${digest} ${studyInstanceUid}`).digest().readUInt32BE(0) / 2 ** 32;
}
