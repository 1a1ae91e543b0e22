import { preferSendersBytes } from '../upper-layer/negotiation.ts';

const native: ReadonlySet<string> = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.2']);

/** The transfer syntax of a service without pixel data: the first native one proposed, Implicit VR Little Endian only when nothing else fits. */
export function preferNativeSyntax(proposed: readonly string[]): string | undefined {
  return preferSendersBytes(proposed, (uid) => native.has(uid));
}
