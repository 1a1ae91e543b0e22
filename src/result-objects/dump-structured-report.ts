import type { CodedConcept } from '../domain/coded-concept.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import type { ContentItem, ImageReference } from './content-item.ts';
import { readContentTree } from './content-item-reader.ts';

/**
 * The content tree of any SR as text, one item a line, two blanks a level: relationship, value type, concept = value. For golden files and
 * people; stable. Holds what the report says, so patient data if the report does.
 */
export function dumpStructuredReport(dataSet: DataSet): string {
  const lines: string[] = [];
  dump(readContentTree(dataSet), 0, lines);
  return `${lines.join('\n')}\n`;
}

function dump(item: ContentItem, level: number, lines: string[]): void {
  const relationship = item.relationship === null ? '' : `${item.relationship} `;
  const type = item.valueType === 'OTHER' ? item.type : item.valueType;
  const name = item.concept === null ? '' : ` ${codeText(item.concept)}`;
  const value = valueText(item);
  const extra = [item.observationUid && `obs ${item.observationUid}`, item.observedAt].filter(Boolean).join(', ');
  lines.push(`${'  '.repeat(level)}${relationship}${type}${name}${value === '' ? '' : ` = ${value}`}${extra === '' ? '' : `  {${extra}}`}`);
  for (const child of item.children) dump(child, level + 1, lines);
}

function valueText(item: ContentItem): string {
  switch (item.valueType) {
    case 'CONTAINER':
      return item.template === '' ? '' : `TID ${item.template}`;
    case 'CODE':
      return item.code === null ? '(none)' : codeText(item.code);
    case 'NUM':
      return item.value === null ? `(none) ${item.qualifier === null ? '' : codeText(item.qualifier)}` : `${item.value} ${item.unit?.value ?? ''}`;
    case 'IMAGE':
    case 'COMPOSITE':
    case 'WAVEFORM':
      return item.reference === null ? '(none)' : referenceText(item.reference);
    case 'SCOORD':
      return `${item.graphicType} ${item.points.map(short).join(' ')}`;
    case 'SCOORD3D':
      return `${item.graphicType} ${item.points.map(short).join(' ')} in ${item.frameOfReferenceUid}`;
    case 'OTHER':
      return '';
    case 'TEXT':
    case 'UIDREF':
    case 'DATE':
    case 'TIME':
    case 'DATETIME':
    case 'PNAME':
      return JSON.stringify(item.text);
  }
}

function codeText(code: CodedConcept): string {
  return `(${code.value}, ${code.scheme}, "${code.meaning}")`;
}

function referenceText(reference: ImageReference): string {
  const frames = reference.frames.length > 0 ? ` frame ${reference.frames.join(',')}` : '';
  const segments = reference.segments.length > 0 ? ` segment ${reference.segments.join(',')}` : '';
  return `${reference.sopInstanceUid}${frames}${segments}`;
}

/** FL has some seven digits. */
function short(value: number): string {
  return String(Number(value.toPrecision(7)));
}
