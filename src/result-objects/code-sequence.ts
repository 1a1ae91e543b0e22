import type { CodedConcept } from '../domain/coded-concept.ts';
import { DataSet } from '../standards/dicom/data-set.ts';
import type { Element, Tag } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { clipped } from './clipped.ts';

/**
 * One item of a Code Sequence Macro (PS3.3 §8.8). A value of more than 16 characters goes to Long Code Value, a URN to URN Code Value;
 * a meaning is cut at 64 characters, the limit of LO.
 */
export function codeItem(code: CodedConcept): DataSet {
  const value = code.value.startsWith('urn:')
    ? element(tags.URNCodeValue, 'UR', code.value)
    : code.value.length > 16
      ? element(tags.LongCodeValue, 'UC', code.value)
      : element(tags.CodeValue, 'SH', code.value);
  return DataSet.of([value, element(tags.CodingSchemeDesignator, 'SH', code.scheme), element(tags.CodeMeaning, 'LO', clipped(code.meaning, 64))]);
}

export function codeSequence(tag: Tag, ...codes: readonly CodedConcept[]): Element {
  return sequence(tag, ...codes.map(codeItem));
}

/** The concept in one item; undefined when value or scheme is missing. A missing meaning is an empty one: products leave it out. */
export function readCode(item: DataSet | undefined): CodedConcept | undefined {
  if (item === undefined) return undefined;
  const value = item.string(tags.CodeValue) ?? item.string(tags.LongCodeValue) ?? item.string(tags.URNCodeValue);
  const scheme = item.string(tags.CodingSchemeDesignator) ?? (item.has(tags.URNCodeValue) ? '' : undefined);
  if (value === undefined || scheme === undefined) return undefined;
  return { scheme: scheme.trim(), value: value.trim(), meaning: (item.string(tags.CodeMeaning) ?? '').trim() };
}
