import { readFindings } from '../../result-objects/read-findings.ts';
import { readObjects } from './read-objects.ts';

/** `isocenter findings FILE`: what an SR or SEG says, as JSON; 1 = it is neither, or cannot be read. */
export function findings(name: string): number {
  const { objects, faults } = readObjects([name]);
  for (const entry of faults) console.error(entry);
  const [object] = objects;
  if (object === undefined) return 1;
  const found = readFindings(object.dataSet);
  if (found.kind === 'other') {
    console.error(`${name}: neither a report nor a segmentation`);
    return 1;
  }
  console.log(JSON.stringify(found, null, 2));
  return 0;
}
