import type { Analysis, TargetCondition } from '../domain/findings.ts';
import { derivedUid } from '../foundation/uid.ts';
import type { ObjectIdentity } from './result-context.ts';

/** What an object is to its run; part of its UIDs. */
export type ResultRole =
  | 'structured-report'
  | 'structured-report-2d'
  | 'segmentation'
  | 'key-objects'
  | 'presentation-state'
  | 'parametric-map'
  | 'secondary-capture'
  | 'encapsulated-pdf';

/** Offsets within the reserved range of series numbers, so that a study lists them in a stable order. */
const seriesOffset: Readonly<Record<ResultRole, number>> = {
  'structured-report': 1,
  segmentation: 2,
  'key-objects': 3,
  'presentation-state': 4,
  'secondary-capture': 5,
  'encapsulated-pdf': 6,
  'structured-report-2d': 7,
  'parametric-map': 8,
};

/**
 * UIDs of one result object: a function of study, input set, model build, role and revision alone (ADR 0006), so a repeated run gives the
 * same object and a retry is recognisable.
 *
 * @param seriesBase first number of the site's range for AI series; 9000 unless configured
 */
export function resultIdentity(analysis: Analysis, role: ResultRole, revision: number, seriesBase = 9000): ObjectIdentity {
  const run = [analysis.source.studyInstanceUid, analysis.source.inputDigest, analysis.model.digest, role, String(revision)];
  return {
    sopInstanceUid: derivedUid('result-instance', ...run),
    seriesInstanceUid: derivedUid('result-series', ...run),
    seriesNumber: seriesBase + seriesOffset[role],
  };
}

/**
 * Observation UID (0040,A171) of one statement. The same in every rendition of a revision, so that an assessment (IHE AIRA) or a FHIR
 * resource finds it in each of them; a new revision states anew.
 *
 * @param path for example the tracking UID, the kind of group and the measurement's id; unique within the analysis
 */
export function observationUid(analysis: Analysis, revision: number, ...path: readonly string[]): string {
  return derivedUid('observation', analysis.source.studyInstanceUid, analysis.source.inputDigest, analysis.model.digest, String(revision), ...path);
}

/** Tracking UID of a statement about a condition that was looked for: stable over runs and revisions of one series. */
export function targetTrackingUid(analysis: Analysis, target: string): string {
  return derivedUid('target', analysis.source.studyInstanceUid, analysis.source.seriesInstanceUid, analysis.model.id, target);
}

/** Observation UID of the first measurement group of a tracking UID, which is also the identifier of its FHIR Observation. */
export function findingObservationUid(analysis: Analysis, revision: number, trackingUid: string): string {
  return observationUid(analysis, revision, trackingUid);
}

/** Names a target condition within an analysis. */
export function targetKey({ concept, site }: TargetCondition): string {
  return `${concept.scheme}-${concept.value}-${site.value}`;
}
