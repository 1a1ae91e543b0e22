import { checkResultObjects } from '../../result-objects/checker/check-result-objects.ts';
import { readObjects } from './read-objects.ts';

/**
 * `isocenter check FILE…`: checks SR and SEG by themselves, against each other, and against the source images among the files.
 * 0 = no error (warnings are printed), 1 = errors, each named. Needs no gateway and no configuration.
 */
export function checkObjects(names: readonly string[]): number {
  const { objects, faults } = readObjects(names);
  for (const entry of faults) console.error(entry);
  const found = checkResultObjects(objects);
  for (const { severity, object, where, rule, message } of found) console.log(`${severity} ${object} ${where}: ${message} [${rule}]`);
  const errors = found.filter((entry) => entry.severity === 'error').length + faults.length;
  console.log(`${objects.length} objects, ${errors} errors, ${found.length - (errors - faults.length)} warnings`);
  return errors === 0 ? 0 : 1;
}
