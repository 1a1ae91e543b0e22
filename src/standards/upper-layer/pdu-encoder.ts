import { Buffer } from 'node:buffer';
import { assertNever } from '../../foundation/errors.ts';
import { encodeAssociate } from './associate-pdu.ts';
import { type ControlPdu, pduTypes } from './pdu.ts';

/** Bytes of a P-DATA-TF header with one PDV: PDU header, PDV length, context id, message control header. */
export const pDataHeaderLength = 12;

/** Bits of the message control header, PS3.8 §E.2. */
export const messageControl = { command: 1, last: 2 } as const;

/** Encodes any PDU but P-DATA-TF, header included. */
export function encodePdu(pdu: ControlPdu): Uint8Array {
  switch (pdu.type) {
    case 'associate-rq':
      return framed(pduTypes.associateRq, encodeAssociate(pdu));
    case 'associate-ac':
      return framed(pduTypes.associateAc, encodeAssociate(pdu));
    case 'associate-rj':
      return framed(pduTypes.associateRj, [Uint8Array.of(0, pdu.result, pdu.source, pdu.reason)]);
    case 'release-rq':
      return framed(pduTypes.releaseRq, [new Uint8Array(4)]);
    case 'release-rp':
      return framed(pduTypes.releaseRp, [new Uint8Array(4)]);
    case 'abort':
      return framed(pduTypes.abort, [Uint8Array.of(0, 0, pdu.source, pdu.reason)]);
    default:
      return assertNever(pdu, 'PDU');
  }
}

/**
 * Writes the header of a P-DATA-TF with a single PDV of `length` bytes into `target` at `at` (PS3.8 §9.3.5); the bytes of the
 * fragment follow it.
 */
export function writePDataHeader(target: Uint8Array, at: number, fragment: { readonly contextId: number; readonly control: number; readonly length: number }): void {
  target[at] = pduTypes.pData;
  target[at + 1] = 0;
  // The PDU length leaves out the six header bytes, the PDV length leaves out its own four (PS3.8 §9.3.1, §9.3.5.1).
  put32(target, at + 2, fragment.length + 6);
  put32(target, at + 6, fragment.length + 2);
  target[at + 10] = fragment.contextId;
  target[at + 11] = fragment.control;
}

/** Longest fragment that fits a P-DATA-TF of at most `maxLength` bytes (0 = any: `cap` counts). Even, as PS3.8 §9.3.1 wants lengths. */
export function fragmentLimit(maxLength: number, cap: number): number {
  const limit = maxLength === 0 ? cap : Math.min(maxLength, cap);
  return Math.max(2, (limit - 6) & ~1);
}

function framed(pduType: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  const header = new Uint8Array(6);
  header[0] = pduType;
  put32(header, 2, body.length);
  return Buffer.concat([header, body]);
}

function put32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = (value >>> 16) & 0xff;
  target[at + 2] = (value >>> 8) & 0xff;
  target[at + 3] = value & 0xff;
}
