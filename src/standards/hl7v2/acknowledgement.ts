import { fault, ok, type Result } from '../../foundation/result.ts';
import { readMessage } from './message.ts';

/** Table 0008: accept, error, reject; A… of the application, C… of the commit (enhanced mode). */
export type AckCode = 'AA' | 'AE' | 'AR' | 'CA' | 'CE' | 'CR';

export interface Acknowledgement {
  readonly code: AckCode;
  /** MSA-2: MSH-10 of the message it answers. */
  readonly controlId: string;
  /** ERR-3.1 of each ERR segment, table 0357. */
  readonly errorCodes: readonly string[];
}

export type AckFault = { readonly code: 'NOT_AN_ACK'; readonly message: string };

const codes: ReadonlySet<string> = new Set(['AA', 'AE', 'AR', 'CA', 'CE', 'CR']);

/** Reads an acknowledgement, HL7 v2.5.1 §2.9.2 and §2.15.8. Never throws. */
export function readAcknowledgement(text: string): Result<Acknowledgement, AckFault> {
  const message = readMessage(text);
  if (!message.ok) return fault({ code: 'NOT_AN_ACK', message: message.fault.message });
  const code = message.value.field('MSA', 1);
  if (!codes.has(code)) return fault({ code: 'NOT_AN_ACK', message: 'has no MSA-1 of table 0008' });
  const errorCodes = message.value.segments.filter((segment) => segment[0] === 'ERR').map((segment) => (segment[3] ?? '').split('^')[0] ?? '').filter((entry) => entry !== '');
  return ok({ code: code as AckCode, controlId: message.value.field('MSA', 2), errorCodes });
}
