import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../fixtures/pdu/', import.meta.url);

/** Names of the recorded associations in fixtures/pdu. */
export const pduFixtures: readonly string[] = readdirSync(folder).filter((name) => name.endsWith('.hex')).map((name) => name.replace('.hex', ''));

/** The bytes of one direction of a recorded association. */
export function pduFixture(name: string): Buffer {
  const text = readFileSync(new URL(`${name}.hex`, folder), 'utf8');
  return Buffer.from(text.replace(/#.*$/gm, '').replace(/\s+/g, ''), 'hex');
}
