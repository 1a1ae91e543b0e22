import type { DataSet } from '../../standards/dicom/data-set.ts';
import { tags } from '../../standards/dicom/tags.ts';
import type { ContainerItem, ContentItem } from '../content-item.ts';
import { readContentTree } from '../content-item-reader.ts';
import { checkAlgorithmNames, checkEquipment } from './equipment-rules.ts';
import { checkEvidence } from './evidence-rules.ts';
import type { Report } from './fault.ts';
import { checkGroup, checkTrackingOfAll } from './group-rules.ts';
import { checkItem, checkRows, conceptKey, rowsBelow } from './item-rules.ts';

const titles = new Set(['DCM 126000', 'DCM 126001', 'DCM 126002', 'DCM 126003']);
export const comprehensive = '1.2.840.10008.5.1.4.1.1.88.33';
const comprehensive3D = '1.2.840.10008.5.1.4.1.1.88.34';

/** All rules of one report by itself: header, TID 1500 with what is below it, evidence, equipment. */
export function checkReport(dataSet: DataSet, report: Report): void {
  const root = readContentTree(dataSet);
  checkState(dataSet, report);
  checkAlgorithmNames(root, checkEquipment(dataSet, report), report);
  checkRoot(root, report);
  walk(root, '', true, dataSet.string(tags.SOPClassUID) ?? '', report);
  const groups = measurementGroups(root);
  groups.forEach((group, index) => checkGroup(group, `/126010/125007[${index + 1}]`, report));
  checkTrackingOfAll(groups, '/126010', report);
  checkEvidence(dataSet, root, report);
}

export function measurementGroups(root: ContentItem): readonly ContainerItem[] {
  return root.children
    .filter((child) => conceptKey(child.concept) === 'DCM 126010')
    .flatMap((child) => child.children)
    .filter((child) => child.valueType === 'CONTAINER')
    .filter((child) => conceptKey(child.concept) === 'DCM 125007');
}

/** PS3.3 §C.17.2: flags and what they require. */
function checkState(dataSet: DataSet, report: Report): void {
  const sopClass = dataSet.string(tags.SOPClassUID);
  if (sopClass !== comprehensive && sopClass !== comprehensive3D) report('sop-class', 'SOPClassUID', 'TID 1500 goes into Comprehensive or Comprehensive 3D SR');
  if (dataSet.string(tags.Modality) !== 'SR') report('header', 'Modality', 'must be SR');
  const completion = dataSet.string(tags.CompletionFlag) ?? '';
  const verification = dataSet.string(tags.VerificationFlag) ?? '';
  if (!['COMPLETE', 'PARTIAL'].includes(completion)) report('completion-flag', 'CompletionFlag', `is "${completion}"`);
  if (!['UNVERIFIED', 'VERIFIED'].includes(verification)) report('verification-flag', 'VerificationFlag', `is "${verification}"`);
  const observers = dataSet.items(tags.VerifyingObserverSequence).length;
  if (verification === 'VERIFIED' && observers === 0) report('verifying-observer', 'VerifyingObserverSequence', 'VERIFIED without the person who verified');
  if (verification !== 'VERIFIED' && observers > 0) report('verifying-observer', 'VerifyingObserverSequence', 'a verifying person in an unverified report');
  if (verification === 'UNVERIFIED' && dataSet.string(tags.PreliminaryFlag) !== 'PRELIMINARY') report('preliminary-flag', 'PreliminaryFlag', 'an unverified AI report is PRELIMINARY');
}

function checkRoot(root: ContentItem, report: Report): void {
  const has = (key: string): readonly ContentItem[] => root.children.filter((child) => conceptKey(child.concept) === key);
  if (root.valueType !== 'CONTAINER') return report('root', '/', 'the root is no container');
  if (!titles.has(conceptKey(root.concept))) report('root-title', '/', 'the title is not of CID 7021');
  if (root.template !== '1500') report('root-template', '/', `template is "${root.template}", must be 1500`);
  if (has('DCM 121049').length === 0) report('language-missing', '/121049', 'the report names no language');
  if (has('DCM 121005').length === 0) report('observer-missing', '/121005', 'the report names no observer');
  if (has('DCM 121005').some((item) => item.valueType === 'CODE' && item.code?.value === '121007') && has('DCM 121012').length === 0) report('observer-uid-missing', '/121012', 'device observer without UID');
  const procedures = has('DCM 121058');
  if (procedures.length === 0) report('procedure-missing', '/121058', 'the report names no procedure');
  if (procedures.some((item) => item.valueType === 'CODE' && item.code?.scheme === 'DCM' && item.code.value === '123110')) report('procedure-is-algorithm', '/121058', 'procedure reported is the imaging procedure, never the algorithm');
  const sections = ['DCM 126010', 'DCM 126011', 'UMLS C0034375'].flatMap(has);
  if (sections.length === 0) report('content-missing', '/', 'neither measurements nor evaluations');
  if (has('DCM 126010').some((section) => section.children.length === 0)) report('measurements-empty', '/126010', 'Imaging Measurements without a group');
  if (has('UMLS C0034375').some((section) => section.children.some((child) => child.valueType === 'NUM'))) report('number-in-evaluations', '/C0034375', 'a number in Qualitative Evaluations');
}

function walk(item: ContentItem, path: string, isRoot: boolean, sopClass: string, report: Report): void {
  checkItem(item, path === '' ? '/' : path, report);
  if (item.valueType === 'SCOORD3D' && sopClass === comprehensive) report('scoord3d-in-comprehensive', path, 'Comprehensive SR has no SCOORD3D');
  const rows = rowsBelow(item, isRoot);
  if (rows !== undefined) checkRows(item, rows, path, report);
  if (!isRoot && item.relationship === null) report('relationship', path, 'item has no relationship');
  const counts = new Map<string, number>();
  for (const child of item.children) {
    const name = child.concept?.value ?? child.valueType;
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    walk(child, `${path}/${name}${nth > 1 ? `[${nth}]` : ''}`, false, sopClass, report);
  }
}
