import { checkResultObjects } from '../../result-objects/checker/check-result-objects.ts';
import type { ResultContext } from '../../result-objects/result-context.ts';
import { readDataSet } from '../../standards/dicom/data-set-reader.ts';
import type { BuiltDicom, BuiltResults } from './build-results.ts';

export interface ResultFault {
  /** Role of the object that has it. */
  readonly role: string;
  /** One sentence, no patient data. */
  readonly message: string;
}

/**
 * What is wrong with the results of a run; an object with a fault does not leave the gateway. Looks at the bytes that would be sent,
 * read back, beside the headers of their source images.
 */
export function checkResults(built: BuiltResults, context: ResultContext): readonly ResultFault[] {
  const readable = built.dicom.map((object) => ({ object, read: readDataSet(object.bytes, object.transferSyntaxUid) }));
  const unreadable = readable.flatMap(({ object, read }) => (read.ok ? [] : [{ role: object.role, message: `its bytes do not parse: ${read.fault.code}` }]));
  const results = readable.flatMap(({ object, read }) => (read.ok ? [{ name: object.role, dataSet: read.value }] : []));
  const sources = [...context.headers].map(([name, dataSet]) => ({ name, dataSet }));
  const errors = checkResultObjects([...results, ...sources]).filter(({ severity }) => severity === 'error');
  const faults = errors.map((fault) => ({ role: fault.object, message: `${fault.rule} at ${fault.where}: ${fault.message}` }));
  return [...unreadable, ...faults.filter((fault) => isResult(fault.role, built.dicom))];
}

function isResult(role: string, dicom: readonly BuiltDicom[]): boolean {
  return dicom.some((object) => object.role === role);
}
