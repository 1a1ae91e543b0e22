import type { DataSet } from '../../standards/dicom/data-set.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { descendants } from '../content-item.ts';
import type { ContentItem } from '../content-item.ts';
import type { Report } from './fault.ts';
import { conceptKey } from './item-rules.ts';

const keyObjectOrResult = new Set(['1.2.840.10008.5.1.4.1.1.66.4', '1.2.840.10008.5.1.4.1.1.66.7', '1.2.840.10008.5.1.4.1.1.88.59']);

interface Evidence {
  readonly sopClassByUid: ReadonlyMap<string, string>;
  readonly seriesUids: ReadonlySet<string>;
}

/** PS3.3 §C.17.2.3: everything that the tree refers to is in the evidence, once, under its study and series. */
export function checkEvidence(dataSet: DataSet, root: ContentItem, report: Report): void {
  const current = readEvidence(dataSet, tags.CurrentRequestedProcedureEvidenceSequence, report);
  const other = readEvidence(dataSet, tags.PertinentOtherEvidenceSequence, report);
  const study = dataSet.string(tags.StudyInstanceUID);
  for (const item of dataSet.items(tags.CurrentRequestedProcedureEvidenceSequence)) {
    if (item.string(tags.StudyInstanceUID) !== study) report('evidence-study', 'CurrentRequestedProcedureEvidenceSequence', 'names another study than the report');
  }
  let references = 0;
  for (const item of descendants(root)) {
    if (item.valueType !== 'IMAGE' && item.valueType !== 'COMPOSITE' && item.valueType !== 'WAVEFORM') continue;
    if (item.reference === null) continue;
    references++;
    const { sopInstanceUid, sopClassUid } = item.reference;
    const listed = current.sopClassByUid.get(sopInstanceUid) ?? other.sopClassByUid.get(sopInstanceUid);
    const where = item.concept === null ? 'IMAGE' : item.concept.value;
    if (listed === undefined) report('evidence-incomplete', where, `${sopInstanceUid} is referred to and not in the evidence`);
    else if (listed !== sopClassUid) report('evidence-class', where, `SOP class of ${sopInstanceUid} differs from the evidence`);
  }
  for (const item of descendants(root)) {
    if (item.valueType !== 'UIDREF' || conceptKey(item.concept) !== 'DCM 121232') continue;
    if (!current.seriesUids.has(item.text) && !other.seriesUids.has(item.text)) report('evidence-incomplete', '121232', 'source series is not in the evidence');
  }
  if (references > 0 && !dataSet.has(tags.CurrentRequestedProcedureEvidenceSequence)) report('evidence-missing', 'CurrentRequestedProcedureEvidenceSequence', 'the report refers to instances and lists none');
  checkImageLibrary(root, current, report);
}

/** The image library names each analysed image (TID 1600). */
function checkImageLibrary(root: ContentItem, evidence: Evidence, report: Report): void {
  const library = root.children.find((child) => conceptKey(child.concept) === 'DCM 111028');
  if (library === undefined) return report('image-library-missing', '111028', 'the report has no image library');
  const listed = new Set([...descendants(library)].flatMap((item) => (item.valueType === 'IMAGE' && item.reference !== null ? [item.reference.sopInstanceUid] : [])));
  if (!library.children.some((child) => conceptKey(child.concept) === 'DCM 126200')) report('image-library-group', '111028', 'image library without a group');
  for (const [uid, sopClass] of evidence.sopClassByUid) {
    if (!keyObjectOrResult.has(sopClass) && !sopClass.startsWith('1.2.840.10008.5.1.4.1.1.88.') && !listed.has(uid)) report('image-library-incomplete', '111028', `${uid} is not in the image library`);
  }
}

function readEvidence(dataSet: DataSet, tag: number, report: Report): Evidence {
  const sopClassByUid = new Map<string, string>();
  const seriesUids = new Set<string>();
  const studies = new Set<string>();
  for (const study of dataSet.items(tag)) {
    const studyUid = study.string(tags.StudyInstanceUID) ?? '';
    if (studies.has(studyUid)) report('evidence-repeated', 'evidence', 'a study is listed twice');
    studies.add(studyUid);
    for (const series of study.items(tags.ReferencedSeriesSequence)) {
      const seriesUid = series.string(tags.SeriesInstanceUID) ?? '';
      if (seriesUids.has(seriesUid)) report('evidence-repeated', 'evidence', 'a series is listed twice');
      seriesUids.add(seriesUid);
      for (const instance of series.items(tags.ReferencedSOPSequence)) {
        const uid = instance.string(tags.ReferencedSOPInstanceUID) ?? '';
        if (sopClassByUid.has(uid)) report('evidence-repeated', 'evidence', `${uid} is listed twice`);
        sopClassByUid.set(uid, instance.string(tags.ReferencedSOPClassUID) ?? '');
      }
    }
  }
  return { sopClassByUid, seriesUids };
}
