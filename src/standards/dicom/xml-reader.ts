import { fault, type Result } from '../../foundation/result.ts';
import type { DataSet } from './data-set.ts';
import { dicomFault, type DicomFault } from './dicom-fault.ts';
import { vrOf } from './dictionary.ts';
import { fromDicomJson, type JsonReadOptions } from './json-reader.ts';
import { parseXml, type XmlNode } from './xml-tree.ts';

const PN_PARTS = ['FamilyName', 'GivenName', 'MiddleName', 'NamePrefix', 'NameSuffix'];

/**
 * A data set from a NativeDicomModel document, PS3.19 §A.1. Never throws. Document types and entities beyond the five of XML are
 * refused, so no document can grow or reach out.
 *
 * Errors: BAD_XML, and those of fromDicomJson (bulk data, values that their VR does not allow, limits).
 */
export function fromNativeXml(text: string, options: JsonReadOptions = {}): Result<DataSet, DicomFault> {
  const tree = parseXml(text, { maxDepth: (options.maxDepth ?? 128) * 2 + 8, maxNodes: (options.maxElements ?? 1_000_000) * 4 });
  if (typeof tree === 'string') return fault(dicomFault('BAD_XML', tree));
  if (tree.name !== 'NativeDicomModel') return fault(dicomFault('BAD_XML', 'the document is no NativeDicomModel'));
  return fromDicomJson(dataSetOf(tree), options);
}

function dataSetOf(node: XmlNode): Readonly<Record<string, unknown>> {
  const attributes: Record<string, unknown> = {};
  for (const child of node.children) if (child.name === 'DicomAttribute') attributes[child.attributes['tag'] ?? ''] = attributeOf(child);
  return attributes;
}

function attributeOf(node: XmlNode): Readonly<Record<string, unknown>> {
  const tag = Number.parseInt(node.attributes['tag'] ?? '', 16);
  const vr = node.attributes['vr'] ?? vrOf(tag);
  const values: unknown[] = [];
  for (const child of node.children) {
    if (child.name === 'InlineBinary') return { vr, InlineBinary: child.text.replaceAll(/\s/g, '') };
    if (child.name === 'BulkData') return { vr, BulkDataURI: child.attributes['uri'] ?? child.attributes['uuid'] ?? '' };
    const at = Number(child.attributes['number'] ?? values.length + 1) - 1;
    if (!Number.isInteger(at) || at < 0 || at > node.children.length * 1000) continue;
    if (child.name === 'Value') values[at] = isNumeric(vr) ? numberOr(child.text) : child.text;
    else if (child.name === 'PersonName') values[at] = personName(child);
    else if (child.name === 'Item') values[at] = dataSetOf(child);
  }
  return values.length === 0 ? { vr } : { vr, Value: Array.from(values, (value: unknown) => value ?? null) };
}

function isNumeric(vr: string): boolean {
  return ['FL', 'FD', 'SL', 'SS', 'UL', 'US'].includes(vr);
}

function numberOr(text: string): number | string {
  const number = Number(text);
  return text.trim() === '' || Number.isNaN(number) ? text : number;
}

function personName(node: XmlNode): Readonly<Record<string, string>> {
  const groups: Record<string, string> = {};
  for (const group of node.children) {
    const parts = PN_PARTS.map((part) => group.children.find((child) => child.name === part)?.text ?? '');
    groups[group.name] = parts.join('^').replace(/\^+$/, '');
  }
  return groups;
}
