import type { DataSet, Tag } from './data-set.ts';
import { isPrivate } from './dictionary.ts';

/** Who reserved the block of a private element, PS3.5 §7.8.1; undefined for standard elements, creators themselves and orphans. */
export function privateCreatorOf(dataSet: DataSet, tag: Tag): string | undefined {
  const block = (tag >>> 8) & 0xff;
  if (!isPrivate(tag) || block < 0x10) return undefined;
  return dataSet.string(((tag & 0xffff0000) | block) >>> 0);
}
