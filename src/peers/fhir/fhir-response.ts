import type { DeliveryFailure, DeliveryOutcome } from '../../domain/delivery.ts';
import { httpFailure, type HttpAnswer } from '../http-failure.ts';

/** The answer to a transaction; `body` is parsed JSON, or the text when it is none. */
export interface TransactionAnswer extends HttpAnswer {
  readonly body: unknown;
}

interface EntryResponse {
  readonly status: string;
  readonly location?: string;
}

/**
 * What became of a transaction bundle (FHIR R4 §3.1.0.11). A transaction succeeds or fails as a whole, but servers exist that treat
 * it as a batch: each entry's status is looked at. The OperationOutcome is kept for the person who has to act.
 */
export function transactionOutcome(answer: TransactionAnswer, now: number): DeliveryOutcome {
  if (answer.status < 200 || answer.status >= 300) return refusal(answer, now);
  const responses = entryResponses(answer.body);
  if (responses === undefined) {
    return { kind: 'failed', failure: 'ambiguous', code: 'PEER_NO_OUTCOME', message: 'answered with something that is no transaction response', status: String(answer.status), peerIsAtFault: true };
  }
  const worst = responses.find((response) => !response.status.startsWith('2') && !response.status.startsWith('304'));
  if (worst !== undefined) return refusal({ ...answer, status: Number.parseInt(worst.status, 10) || 500 }, now);
  const locations = responses.map((response) => response.location).filter((location) => location !== undefined);
  const created = responses.filter((response) => response.status.startsWith('201')).length;
  return { kind: 'delivered', proven: false, status: String(answer.status), detail: { created, updated: responses.length - created, locations } };
}

function refusal(answer: TransactionAnswer, now: number): DeliveryFailure {
  const failure = httpFailure(answer, now);
  const detail = { httpStatus: answer.status, ...operationOutcome(answer.body) };
  if (answer.status === 412) {
    // ifNoneExist or a conditional update matched several resources (§3.1.0.8.1): only a person at the EHR can end that.
    return { ...failure, failure: 'permanent', code: 'PEER_HAS_SEVERAL', message: 'holds several resources under one of our identifiers (HTTP 412)', peerIsAtFault: false, detail };
  }
  return { ...failure, detail };
}

/** The issues of an OperationOutcome, bounded; nothing when the body is something else. */
function operationOutcome(body: unknown): Record<string, unknown> {
  if (!isRecord(body)) return {};
  const outcome = body['resourceType'] === 'OperationOutcome' ? body : nestedOutcome(body);
  const issues = outcome?.['issue'];
  if (!Array.isArray(issues)) return {};
  return {
    operationOutcome: issues.filter(isRecord).slice(0, 20).map((issue) => ({
      severity: issue['severity'],
      code: issue['code'],
      text: bounded(isRecord(issue['details']) ? issue['details']['text'] : undefined) ?? bounded(issue['diagnostics']),
      expression: Array.isArray(issue['expression']) ? issue['expression'].slice(0, 5) : undefined,
    })),
  };
}

/** Servers that answer a transaction as a batch put the outcome beside the entry that failed. */
function nestedOutcome(bundle: Record<string, unknown>): Record<string, unknown> | undefined {
  if (!Array.isArray(bundle['entry'])) return undefined;
  for (const entry of bundle['entry'].filter(isRecord)) {
    const response = entry['response'];
    if (isRecord(response) && isRecord(response['outcome']) && !String(response['status']).startsWith('2')) return response['outcome'];
  }
  return undefined;
}

function entryResponses(body: unknown): EntryResponse[] | undefined {
  if (!isRecord(body) || body['resourceType'] !== 'Bundle' || !Array.isArray(body['entry'])) return undefined;
  return body['entry'].filter(isRecord).map((entry) => {
    const response = isRecord(entry['response']) ? entry['response'] : {};
    const { status, location } = response;
    return { status: typeof status === 'string' ? status : '', ...(typeof location === 'string' ? { location } : {}) };
  });
}

function bounded(text: unknown): string | undefined {
  return typeof text === 'string' ? text.slice(0, 1_000) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
