import { codingScheme } from '../../domain/codes/coding-schemes.ts';
import type { CodedConcept } from '../../domain/coded-concept.ts';
import { isUid } from '../../foundation/uid.ts';
import type { ContentItem, NumItem } from '../content-item.ts';
import type { Report } from './fault.ts';
import { graphicPoints, groupRows, numRows, rootRows, siteRows } from './template-rows-table.ts';
import type { Row } from './template-rows-table.ts';

/** Schemes that PS3.16 retired in favour of SCT (§8.1): readable, never written. */
const retiredSchemes = new Set(['SRT', 'SNM3', '99SDM', 'SNOMED-RT']);

export function conceptKey(concept: CodedConcept | null): string {
  return concept === null ? '' : `${concept.scheme} ${concept.value}`;
}

/** Rules that hold for each content item wherever it stands: names, codes, numbers, coordinates (PS3.3 §C.17.3, §C.18). */
export function checkItem(item: ContentItem, path: string, report: Report): void {
  if (item.concept !== null) checkCode(item.concept, `${path} name`, report);
  else if (item.valueType !== 'IMAGE' && item.valueType !== 'SCOORD') report('concept-missing', path, 'item has no concept name');
  switch (item.valueType) {
    case 'CODE':
      if (item.code === null) report('code-missing', path, 'CODE item without a code');
      else checkCode(item.code, path, report);
      break;
    case 'NUM':
      checkNumber(item, path, report);
      break;
    case 'UIDREF':
      if (!isUid(item.text)) report('uid-invalid', path, 'UIDREF is no valid UID');
      break;
    case 'TEXT':
      if (item.text === '') report('text-empty', path, 'TEXT item is empty');
      break;
    case 'IMAGE':
    case 'COMPOSITE':
      if (item.reference === null) report('reference-missing', path, 'item refers to nothing');
      break;
    case 'SCOORD':
    case 'SCOORD3D':
      checkGraphic(item, path, report);
      break;
    case 'OTHER':
      report('value-type-unknown', path, `value type ${item.type}`);
      break;
    case 'CONTAINER':
    case 'WAVEFORM':
    case 'DATE':
    case 'TIME':
    case 'DATETIME':
    case 'PNAME':
      break;
  }
}

/** The rows of the template that apply below `parent`; undefined where any content is legal. */
export function rowsBelow(parent: ContentItem, isRoot: boolean): Readonly<Record<string, Row>> | undefined {
  if (isRoot) return rootRows;
  if (parent.valueType === 'NUM') return numRows;
  const key = conceptKey(parent.concept);
  if (key === 'DCM 125007') return groupRows;
  return key === 'SCT 363698007' ? siteRows : undefined;
}

/** Relationship and value type of each known child, and no second one where one is allowed. */
export function checkRows(parent: ContentItem, rows: Readonly<Record<string, Row>>, path: string, report: Report): void {
  const seen = new Set<string>();
  for (const child of parent.children) {
    const key = conceptKey(child.concept);
    const row = rows[key];
    if (row === undefined) continue;
    const where = `${path}/${child.concept?.value ?? ''}`;
    if (child.relationship !== row.relationship) report('relationship', where, `is ${child.relationship ?? 'absent'}, must be ${row.relationship}`);
    if (!row.valueTypes.includes(child.valueType)) report('value-type', where, `is ${child.valueType}, must be ${row.valueTypes.join(' or ')}`);
    if (row.single === true && seen.has(key)) report('repeated-item', where, 'may stand once only');
    seen.add(key);
  }
}

/** PS3.3 §8.8: value, scheme and meaning are there; the scheme is one we know and not retired. */
export function checkCode(code: CodedConcept, where: string, report: Report): void {
  if (code.meaning === '') report('meaning-missing', where, `(${code.value}, ${code.scheme}) has no code meaning`);
  if (code.meaning.length > 64) report('meaning-long', where, 'code meaning has more than 64 characters');
  if (retiredSchemes.has(code.scheme)) report('scheme-retired', where, `${code.scheme} is retired, use SCT`);
  else if (codingScheme(code.scheme) !== undefined) return;
  // A model of somebody else may bring codes of its own (PS3.3 §8.2: private designators begin with 99).
  else if (code.scheme.startsWith('99')) report('scheme-private', where, `coding scheme ${code.scheme} is private and not ours`);
  else report('scheme-unknown', where, `coding scheme ${code.scheme} is not known`);
}

function checkNumber(item: NumItem, path: string, report: Report): void {
  if (item.value === null) {
    if (item.qualifier === null) report('number-missing', path, 'no value and no qualifier that says why');
    return;
  }
  if (item.value.length > 16 || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(item.value.trim())) report('number-invalid', path, 'numeric value is no Decimal String');
  if (item.unit === null) report('unit-missing', path, 'numeric value without a unit');
  else if (item.unit.scheme !== 'UCUM') report('unit-scheme', path, `unit is of ${item.unit.scheme}, must be UCUM`);
  else checkCode(item.unit, `${path} unit`, report);
}

function checkGraphic(item: Extract<ContentItem, { valueType: 'SCOORD' | 'SCOORD3D' }>, path: string, report: Report): void {
  const dimensions = item.valueType === 'SCOORD' ? 2 : 3;
  const limits = graphicPoints[item.valueType][item.graphicType];
  if (limits === undefined) return report('graphic-type', path, `${item.valueType} has no graphic type ${item.graphicType}`);
  const points = item.points.length / dimensions;
  if (!Number.isInteger(points) || points < limits[0] || points > limits[1]) report('graphic-count', path, `${item.points.length} numbers are no ${item.graphicType}`);
  if (item.valueType === 'SCOORD3D') {
    if (!isUid(item.frameOfReferenceUid)) report('scoord3d-frame-of-reference', path, 'SCOORD3D without a frame of reference');
    return;
  }
  const from = item.children.filter((child) => child.valueType === 'IMAGE');
  if (from.length !== 1 || from[0]?.relationship !== 'SELECTED FROM') report('selected-from', path, 'SCOORD must be SELECTED FROM one image');
}
