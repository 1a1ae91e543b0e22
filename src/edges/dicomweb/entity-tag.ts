import { createHash } from 'node:crypto';
import type { ServedInstance } from '../../store/retrieval.ts';

/** Changes whenever an instance of the scope comes, goes or is another. `representation`: what else makes the bytes differ. */
export function entityTag(instances: readonly ServedInstance[], representation = ''): string {
  const hash = createHash('sha256').update(representation);
  for (const instance of instances) hash.update(`${instance.sop_instance_uid} ${instance.crc32} ${instance.data_length}\n`);
  return `"${hash.digest('base64url').slice(0, 27)}"`;
}
