import { DataSet } from '../../standards/dicom/data-set.ts';
import { dicomJsonText, jsonKey } from '../../standards/dicom/json-model.ts';
import { tags } from '../../standards/dicom/tags.ts';
import type { IndexedAttribute } from './attribute-table.ts';
import { elementOf } from './search-index.ts';

type Row = Readonly<Record<string, unknown>>;

/** Text whose value JSON.stringify writes as DICOM JSON has it. */
const PLAIN = new Set(['AE', 'CS', 'DA', 'LO', 'SH', 'TM', 'UI']);

/**
 * A function that writes one row of the index as DICOM JSON, the same as dicomJsonText of its data set, several times faster.
 *
 * @param retrieveUrl  Retrieve URL (0008,1190) of a row
 */
export function matchWriter(columns: readonly IndexedAttribute[], retrieveUrl: (row: Row) => string): (row: Row) => string {
  const parts: { readonly tag: number; readonly write: (row: Row) => string }[] = columns.map((attribute, n) => ({ tag: attribute.tag, write: columnWriter(attribute, `c${n}`) }));
  parts.push({ tag: tags.InstanceAvailability, write: () => ',"00080056":{"vr":"CS","Value":["ONLINE"]}' });
  parts.push({ tag: tags.RetrieveURL, write: (row) => `,"00081190":{"vr":"UR","Value":[${JSON.stringify(retrieveUrl(row))}]}` });
  parts.sort((a, b) => a.tag - b.tag);
  return (row) => {
    let text = '';
    for (const part of parts) text += part.write(row);
    return `{${text.slice(1)}}`;
  };
}

function columnWriter(attribute: IndexedAttribute, column: string): (row: Row) => string {
  const head = `,"${jsonKey(attribute.tag)}":{"vr":"${attribute.vr}"`;
  const isPlain = PLAIN.has(attribute.vr);
  return (row) => {
    const value = row[column];
    if (isPlain && typeof value === 'string' && value !== '') return `${head},"Value":[${JSON.stringify(value)}]}`;
    if (typeof value === 'number') return `${head},"Value":[${value}]}`;
    const element = elementOf(attribute, value);
    return element === undefined ? '' : `,${dicomJsonText(DataSet.of([element])).slice(1, -1)}`;
  };
}
