import type { DeliveryFailure, DeliveryOutcome } from '../../domain/delivery.ts';
import { httpFailure, type HttpAnswer } from '../http-failure.ts';

/** The answer to a STOW-RS request; `body` is the text as it came. */
export interface StowAnswer extends HttpAnswer {
  readonly body: string;
}

type Json = Readonly<Record<string, { readonly Value?: readonly unknown[] } | undefined>>;

const REFERENCED_SOP_SEQUENCE = '00081199';
const FAILED_SOP_SEQUENCE = '00081198';
const REFERENCED_SOP_INSTANCE_UID = '00081155';
const FAILURE_REASON = '00081197';
const WARNING_REASON = '00081196';

/**
 * What became of each instance, from the Store Instances Response Module (PS3.18 §10.5.3, Table I.1-1), else from the HTTP status.
 * Decided by items, not by which sequence exists or by the status: Orthanc sends both sequences, and others answer 200 with failures
 * or 409 for what they hold already. An instance that a 2xx answer does not name is not taken for stored.
 *
 * @returns one outcome for each of `sopInstanceUids`
 */
export function stowOutcomes(answer: StowAnswer, sopInstanceUids: readonly string[], now: number): DeliveryOutcome[] {
  const module = parseModule(answer.body);
  const stored = new Map(items(module, REFERENCED_SOP_SEQUENCE).map((item) => [text(item, REFERENCED_SOP_INSTANCE_UID), item]));
  const failed = new Map(items(module, FAILED_SOP_SEQUENCE).map((item) => [text(item, REFERENCED_SOP_INSTANCE_UID), item]));
  return sopInstanceUids.map((uid) => {
    const failure = failed.get(uid);
    if (failure !== undefined) return failureOutcome(number(failure, FAILURE_REASON), answer.status);
    const success = stored.get(uid);
    if (success !== undefined) return storedOutcome(number(success, WARNING_REASON), answer.status);
    return unnamed(answer, now);
  });
}

function storedOutcome(warning: number | undefined, status: number): DeliveryOutcome {
  return { kind: 'delivered', proven: false, status: String(status), ...(warning === undefined ? {} : { detail: { warningReason: hex(warning) } }) };
}

/** Failure Reason (0008,1197), PS3.18 Table I.2-2, and codes seen from servers that hold the instance already. */
function failureOutcome(reason: number | undefined, status: number): DeliveryOutcome {
  // 0111 duplicate SOP Instance (dcm4chee, PS3.7 §C.5.1); B00E: what Azure's DICOM service answers for an instance it has.
  if (reason === 0x0111 || reason === 0xb00e) return { kind: 'delivered', proven: false, status: String(status), alreadyThere: true, detail: { failureReason: hex(reason) } };
  const base = { kind: 'failed', status: `${status}/${reason === undefined ? '-' : hex(reason)}`, detail: { httpStatus: status, failureReason: reason === undefined ? null : hex(reason) } } as const;
  if (reason !== undefined && (reason & 0xff00) === 0xa700) {
    return { ...base, failure: 'transient', code: 'PEER_OUT_OF_RESOURCES', message: `has no room (failure reason ${hex(reason)})`, peerIsAtFault: true };
  }
  if (reason === 0x0110 || reason === 0x0213) {
    return { ...base, failure: 'ambiguous', code: 'PEER_FAILED', message: `could not process the instance (failure reason ${hex(reason)})`, peerIsAtFault: false };
  }
  // PS3.18 Table I.2-2: Referenced SOP Class not supported.
  if (reason === 0x0122) return { ...base, failure: 'permanent', code: 'SOP_CLASS_REFUSED', message: 'takes no objects of this SOP class (failure reason 0122H)', peerIsAtFault: false };
  return { ...base, failure: 'permanent', code: 'PEER_REFUSED', message: `refused the instance (failure reason ${reason === undefined ? 'not given' : hex(reason)})`, peerIsAtFault: false };
}

/** The answer says nothing about this instance. */
function unnamed(answer: StowAnswer, now: number): DeliveryFailure {
  if (answer.status < 200 || answer.status >= 300) {
    const failure = httpFailure(answer, now);
    // A conflict without any item is a refusal of everything (PS3.18 §10.5.3.1), not a race.
    return answer.status === 409 ? { ...failure, failure: 'permanent', code: 'PEER_REFUSED', message: 'stored none of it and gave no reason (HTTP 409)' } : failure;
  }
  return { kind: 'failed', failure: 'ambiguous', code: 'PEER_NO_OUTCOME', message: 'answered without naming the instance', status: String(answer.status), peerIsAtFault: true };
}

function parseModule(body: string): Json {
  try {
    const parsed: unknown = JSON.parse(body);
    const first: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
    return typeof first === 'object' && first !== null ? (first as Json) : {};
  } catch {
    return {};
  }
}

function items(module: Json, tag: string): Json[] {
  const values = module[tag]?.Value;
  if (!Array.isArray(values)) return [];
  return values.filter((value): value is Json => typeof value === 'object' && value !== null);
}

function text(item: Json, tag: string): string | undefined {
  const value = firstOf(item, tag);
  return typeof value === 'string' ? value.replace(/[\0 ]+$/, '') : undefined;
}

function number(item: Json, tag: string): number | undefined {
  const value = firstOf(item, tag);
  const parsed = typeof value === 'string' ? Number(value) : value;
  return typeof parsed === 'number' && Number.isInteger(parsed) ? parsed : undefined;
}

function firstOf(item: Json, tag: string): unknown {
  const values: unknown = item[tag]?.Value;
  return Array.isArray(values) ? values[0] : undefined;
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, '0');
}
