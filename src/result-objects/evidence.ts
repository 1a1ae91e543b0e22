import type { Analysis } from '../domain/findings.ts';
import { DataSet } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';

export interface EvidenceInstance {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

/**
 * Items of Current Requested Procedure Evidence Sequence (PS3.3 §C.17.2.3): one per study, in it one per series, each instance once, in
 * the order given. Viewers take the first series for the images and refuse instances that are listed twice.
 */
export function evidenceItems(instances: readonly EvidenceInstance[]): readonly DataSet[] {
  const studies = new Map<string, Map<string, Map<string, EvidenceInstance>>>();
  for (const instance of instances) {
    const series = entry(studies, instance.studyInstanceUid, () => new Map<string, Map<string, EvidenceInstance>>());
    entry(series, instance.seriesInstanceUid, () => new Map<string, EvidenceInstance>()).set(instance.sopInstanceUid, instance);
  }
  return [...studies].map(([studyUid, series]) =>
    DataSet.of([
      element(tags.StudyInstanceUID, 'UI', studyUid),
      sequence(tags.ReferencedSeriesSequence, ...[...series].map(([seriesUid, byUid]) => seriesItem(seriesUid, [...byUid.values()]))),
    ]),
  );
}

/** The analysed images as evidence, in their order. */
export function sourceEvidence({ source }: Analysis): readonly EvidenceInstance[] {
  return source.images.map(({ sopClassUid, sopInstanceUid }) => ({
    studyInstanceUid: source.studyInstanceUid,
    seriesInstanceUid: source.seriesInstanceUid,
    sopClassUid,
    sopInstanceUid,
  }));
}

export function referencedSopItem(sopClassUid: string, sopInstanceUid: string): DataSet {
  return DataSet.of([element(tags.ReferencedSOPClassUID, 'UI', sopClassUid), element(tags.ReferencedSOPInstanceUID, 'UI', sopInstanceUid)]);
}

function seriesItem(seriesInstanceUid: string, instances: readonly EvidenceInstance[]): DataSet {
  return DataSet.of([
    element(tags.SeriesInstanceUID, 'UI', seriesInstanceUid),
    sequence(tags.ReferencedSOPSequence, ...instances.map((instance) => referencedSopItem(instance.sopClassUid, instance.sopInstanceUid))),
  ]);
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
