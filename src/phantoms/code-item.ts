import type { DataSet } from '../standards/dicom/data-set.ts';
import { element, item } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';

/** An item of a code sequence, PS3.3 §8.8. */
export function code(scheme: string, value: string, meaning: string): DataSet {
  return item(element(tags.CodeValue, 'SH', value), element(tags.CodingSchemeDesignator, 'SH', scheme), element(tags.CodeMeaning, 'LO', meaning));
}
