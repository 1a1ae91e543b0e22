import express, { type Request, type Response } from 'express';
import type { Clock } from '../../foundation/clock.ts';
import { isUid } from '../../foundation/uid.ts';
import { DataSet } from '../../standards/dicom/data-set.ts';
import { element, sequence } from '../../standards/dicom/element.ts';
import { dicomJsonText } from '../../standards/dicom/json-model.ts';
import { fromDicomJson } from '../../standards/dicom/json-reader.ts';
import { tags } from '../../standards/dicom/tags.ts';
import type { Database } from '../../store/database.ts';
import { commitmentResult, keepCommitment, storedClasses } from '../../store/web-commitment.ts';
import { refuse } from './http-answer.ts';

export interface CommitmentOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly aeTitle: string;
}

const JSON_TYPE = 'application/dicom+json';
const MOST_INSTANCES = 100_000;
/** PS3.3 §C.14.1.1: no such object instance; class and instance do not go together. */
const NO_SUCH_INSTANCE = 0x0112;
const CLASS_CONFLICT = 0x0119;

/** Reads the body of a commitment request, bounded. */
export const readCommitmentBody = express.json({ type: [JSON_TYPE, 'application/json'], limit: '32mb' });

/** Request Storage Commitment, PS3.18 §13: everything that is served is durable, so the answer is known at once. */
export async function requestCommitment(options: CommitmentOptions, request: Request, response: Response): Promise<void> {
  const transactionUid = String(request.params['transaction']);
  if (!isUid(transactionUid)) return refuse(response, 400, 'the transaction is no UID');
  if (request.body === undefined) return refuse(response, 415, `the request must be ${JSON_TYPE}`);
  const body: unknown = request.body;
  const parsed = fromDicomJson(Array.isArray(body) ? (body as unknown[])[0] : body);
  if (!parsed.ok) return refuse(response, 400, parsed.fault.message);
  const wanted = parsed.value.items(tags.ReferencedSOPSequence);
  if (wanted.length === 0) return refuse(response, 400, 'the request names no instances in Referenced SOP Sequence (0008,1199)');
  if (wanted.length > MOST_INSTANCES) return refuse(response, 413, `more than ${MOST_INSTANCES} instances in one request`);
  const known = await storedClasses(options.database, wanted.map((item) => item.string(tags.ReferencedSOPInstanceUID) ?? ''));
  const result = dicomJsonText(resultOf(options, transactionUid, wanted, known));
  const fresh = await keepCommitment(options.database, transactionUid, result, new Date(options.clock.now()));
  if (!fresh) return refuse(response, 409, 'this transaction was answered already; ask for its result');
  response.status(200).set({ 'Content-Type': JSON_TYPE, 'Content-Location': request.originalUrl }).end(result);
}

/** The result of an earlier request: PS3.18 §13.3. */
export async function retrieveCommitment(options: CommitmentOptions, request: Request, response: Response): Promise<void> {
  const result = await commitmentResult(options.database, String(request.params['transaction']));
  if (result === undefined) return refuse(response, 404, 'no such transaction');
  response.set('Content-Type', JSON_TYPE).end(result);
}

function resultOf(options: CommitmentOptions, transactionUid: string, wanted: readonly DataSet[], known: ReadonlyMap<string, string>): DataSet {
  const good: DataSet[] = [];
  const bad: DataSet[] = [];
  for (const item of wanted) {
    const [sopClass, uid] = [item.string(tags.ReferencedSOPClassUID) ?? '', item.string(tags.ReferencedSOPInstanceUID) ?? ''];
    const reference = [element(tags.ReferencedSOPClassUID, 'UI', sopClass), element(tags.ReferencedSOPInstanceUID, 'UI', uid)];
    const stored = known.get(uid);
    if (stored !== undefined && stored === sopClass) good.push(DataSet.of(reference));
    else bad.push(DataSet.of([...reference, element(tags.FailureReason, 'US', stored === undefined ? NO_SUCH_INSTANCE : CLASS_CONFLICT)]));
  }
  return DataSet.of([
    element(tags.TransactionUID, 'UI', transactionUid),
    element(tags.RetrieveAETitle, 'AE', options.aeTitle),
    ...(bad.length > 0 ? [sequence(tags.FailedSOPSequence, bad)] : []),
    ...(good.length > 0 ? [sequence(tags.ReferencedSOPSequence, good)] : []),
  ]);
}
