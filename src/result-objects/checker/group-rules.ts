import { isUid } from '../../foundation/uid.ts';
import type { ContainerItem, ContentItem } from '../content-item.ts';
import { conceptKey } from './item-rules.ts';
import type { Report } from './fault.ts';

/**
 * Rules of one Measurement Group by its template: TID 1410 one planar region, TID 1411 a segment with its source, TID 1501 no region; in all
 * of them tracking, algorithm and what viewers need (IHE AIR, ihe.md §5.2).
 */
export function checkGroup(group: ContainerItem, path: string, report: Report): void {
  const has = (key: string): readonly ContentItem[] => group.children.filter((child) => conceptKey(child.concept) === key);
  if (!['1410', '1411', '1501'].includes(group.template)) report('group-template', path, `template is "${group.template}", must be 1410, 1411 or 1501`);
  checkTracking(group, path, report);
  if (group.observationUid === undefined || !isUid(group.observationUid)) report('observation-uid', path, 'group has no Observation UID');
  if (group.observedAt === undefined) report('observation-time', path, 'group has no Observation DateTime');

  const regions = has('DCM 111030').length;
  const segments = has('DCM 121191').length + has('DCM 121214').length;
  if (regions > 0 && segments > 0) report('region-kinds', path, 'group has both a drawn region and a segment');
  if (group.template === '1410' && regions + segments !== 1) report('region-count', path, `planar group has ${regions + segments} regions, must have 1`);
  if (group.template === '1411' && regions + segments === 0) report('region-count', path, 'volumetric group has no region');
  if (group.template === '1501' && regions + segments > 0) report('region-count', path, 'TID 1501 group must have no region');
  if (segments > 0 && has('DCM 121232').length + has('DCM 121233').length === 0) report('segment-source', path, 'segment without source series or image');
  if (group.template !== '1501' && has('DCM 121071').length === 0) report('finding-missing', path, 'group names no finding');

  const names = has('DCM 111001').length;
  const versions = has('DCM 111003').length;
  if (names === 0) report('algorithm-missing', path, 'group names no algorithm');
  if (names !== versions) report('algorithm-version', path, 'algorithm name and version must stand together');
  checkNumbers(group, regions > 0, path, report);
}

function checkTracking(group: ContainerItem, path: string, report: Report): void {
  const identifier = group.children.find((child) => conceptKey(child.concept) === 'DCM 112039');
  const uid = group.children.find((child) => conceptKey(child.concept) === 'DCM 112040');
  if (identifier === undefined) report('tracking-identifier-missing', path, 'group has no Tracking Identifier');
  else if (identifier.valueType === 'TEXT' && /^cornerstone(3D)?Tools@/i.test(identifier.text)) report('tracking-identifier-reserved', path, 'viewers would take the finding for a human measurement');
  if (uid === undefined) report('tracking-uid-missing', path, 'group has no Tracking Unique Identifier');
  const firstUid = group.children.find((child) => child.valueType === 'UIDREF' && conceptKey(child.concept) !== 'DCM 121012');
  if (uid !== undefined && firstUid !== uid) report('tracking-uid-order', path, 'another UIDREF stands before the Tracking Unique Identifier');
}

/** OHIF reads the first child of each NUM of a group without a drawing, and a NUM of each such group. */
function checkNumbers(group: ContainerItem, drawn: boolean, path: string, report: Report): void {
  const numbers = group.children.filter((child) => child.valueType === 'NUM');
  for (const number of numbers) {
    if (number.observationUid === undefined) report('observation-uid', `${path}/${number.concept?.value ?? ''}`, 'measurement has no Observation UID');
    if (!drawn && number.children.length === 0) report('number-without-child', `${path}/${number.concept?.value ?? ''}`, 'measurement without method, derivation or algorithm');
  }
  if (!drawn && numbers.length === 0) report('group-without-number', path, 'group has neither drawing nor number');
}

interface Tracked {
  readonly identifier: string;
  graphics: number;
  groups: number;
}

/** Over the whole report: one identifier per tracking UID and the reverse, one drawing per lesion, and the drawing first. */
export function checkTrackingOfAll(groups: readonly ContainerItem[], path: string, report: Report): void {
  const byUid = new Map<string, Tracked>();
  const uidOf = new Map<string, string>();
  const observations = new Set<string>();
  for (const group of groups) {
    const identifier = textOf(group, 'DCM 112039');
    const uid = textOf(group, 'DCM 112040');
    if (group.observationUid !== undefined && observations.has(group.observationUid)) report('observation-uid-repeated', path, 'two groups share an Observation UID');
    if (group.observationUid !== undefined) observations.add(group.observationUid);
    if (uid === undefined || identifier === undefined) continue;
    const known = byUid.get(uid) ?? { identifier, graphics: 0, groups: 0 };
    byUid.set(uid, known);
    if (known.identifier !== identifier || (uidOf.get(identifier) ?? uid) !== uid) report('tracking-pair', path, 'tracking identifier and UID are not one to one');
    uidOf.set(identifier, uid);
    const drawn = group.children.some((child) => child.valueType === 'SCOORD' || child.valueType === 'SCOORD3D');
    if (drawn && known.groups > 0 && known.graphics === 0) report('graphic-order', path, 'the drawn group of a finding must come first');
    if (drawn) known.graphics++;
    known.groups++;
    if (known.graphics > 1) report('graphic-repeated', path, 'more than one drawing for one tracking UID');
  }
}

export function textOf(group: ContentItem, key: string): string | undefined {
  const item = group.children.find((child) => conceptKey(child.concept) === key);
  return item !== undefined && 'text' in item ? item.text : undefined;
}
