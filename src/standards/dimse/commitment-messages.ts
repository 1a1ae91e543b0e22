import { fault, ok, type Result } from '../../foundation/result.ts';
import { isUid } from '../../foundation/uid.ts';
import { DataSet } from '../dicom/data-set.ts';
import { readDataSet } from '../dicom/data-set-reader.ts';
import { writeDataSet } from '../dicom/data-set-writer.ts';
import { element, item, sequence } from '../dicom/element.ts';
import { tags } from '../dicom/tags.ts';
import { statuses } from './statuses.ts';

/** Storage Commitment Push Model SOP Class and its well-known instance, PS3.4 §J.3. */
export const storageCommitmentPush = '1.2.840.10008.1.20.1';
export const storageCommitmentInstance = '1.2.840.10008.1.20.1.1';
/** Action Type "Request Storage Commitment" (Table J.3-1); Event Types of the report (Table J.3-2). */
export const requestCommitment = 1;
export const commitmentEvents = { allCommitted: 1, failuresExist: 2 } as const;

type Reference = readonly [sopClassUid: string, sopInstanceUid: string];
type FailedReference = readonly [sopClassUid: string, sopInstanceUid: string, reason: number];

export interface CommitmentAction {
  readonly transactionUid: string;
  readonly objects: readonly Reference[];
}

export interface CommitmentEvent {
  readonly transactionUid: string;
  readonly committed: readonly Reference[];
  readonly failed: readonly FailedReference[];
}

/** What is wrong with an action or event, as the status of the answer says it. */
export interface CommitmentFault {
  readonly status: number;
  readonly comment: string;
}

const MAX_ELEMENTS = 2_000_000;

/** Reads the Action Information of an N-ACTION, Table J.3-1. */
export function readCommitmentAction(bytes: Uint8Array, transferSyntaxUid: string): Result<CommitmentAction, CommitmentFault> {
  const read = readTransaction(bytes, transferSyntaxUid);
  if (!read.ok) return read;
  const items = read.value.dataSet.items(tags.ReferencedSOPSequence);
  if (items.length === 0) return fault({ status: statuses.missingAttribute, comment: 'Referenced SOP Sequence is missing or empty' });
  const objects = items.map(referenceOf);
  if (objects.some((object) => !isUid(object[0]) || !isUid(object[1]))) return fault({ status: statuses.invalidArgumentValue, comment: 'a referenced SOP Class or Instance UID is no UID' });
  return ok({ transactionUid: read.value.transactionUid, objects });
}

/** Reads the Event Information of an N-EVENT-REPORT, Table J.3-2. */
export function readCommitmentEvent(bytes: Uint8Array, transferSyntaxUid: string): Result<CommitmentEvent, CommitmentFault> {
  const read = readTransaction(bytes, transferSyntaxUid);
  if (!read.ok) return read;
  const { dataSet, transactionUid } = read.value;
  const failed = dataSet.items(tags.FailedSOPSequence).map((entry): FailedReference => [...referenceOf(entry), entry.number(tags.FailureReason) ?? statuses.processingFailure]);
  return ok({ transactionUid, committed: dataSet.items(tags.ReferencedSOPSequence).map(referenceOf), failed });
}

export function writeCommitmentAction(action: CommitmentAction, transferSyntaxUid: string): Uint8Array {
  const objects = action.objects.map((object) => item(...references(object)));
  return writeDataSet(DataSet.of([element(tags.TransactionUID, 'UI', action.transactionUid), sequence(tags.ReferencedSOPSequence, objects)]), transferSyntaxUid);
}

/** Table J.3-2: the sequence of what was committed is there when something was; that of failures with event type 2 alone. */
export function writeCommitmentEvent(event: CommitmentEvent, transferSyntaxUid: string): { readonly eventTypeId: number; readonly bytes: Uint8Array } {
  const committed = event.committed.map((object) => item(...references(object)));
  const failed = event.failed.map(([sopClassUid, sopInstanceUid, reason]) => item(...references([sopClassUid, sopInstanceUid]), element(tags.FailureReason, 'US', reason)));
  const dataSet = DataSet.of([
    element(tags.TransactionUID, 'UI', event.transactionUid),
    ...(committed.length > 0 ? [sequence(tags.ReferencedSOPSequence, committed)] : []),
    ...(failed.length > 0 ? [sequence(tags.FailedSOPSequence, failed)] : []),
  ]);
  return { eventTypeId: failed.length > 0 ? commitmentEvents.failuresExist : commitmentEvents.allCommitted, bytes: writeDataSet(dataSet, transferSyntaxUid) };
}

function readTransaction(bytes: Uint8Array, transferSyntaxUid: string): Result<{ readonly dataSet: DataSet; readonly transactionUid: string }, CommitmentFault> {
  const parsed = readDataSet(bytes, transferSyntaxUid, { maxElements: MAX_ELEMENTS });
  if (!parsed.ok) return fault({ status: statuses.processingFailure, comment: `the data set does not parse: ${parsed.fault.code}` });
  const transactionUid = parsed.value.string(tags.TransactionUID) ?? '';
  if (transactionUid === '') return fault({ status: statuses.missingAttribute, comment: 'Transaction UID is missing' });
  return isUid(transactionUid) ? ok({ dataSet: parsed.value, transactionUid }) : fault({ status: statuses.invalidArgumentValue, comment: 'Transaction UID is no UID' });
}

function referenceOf(entry: DataSet): Reference {
  return [entry.string(tags.ReferencedSOPClassUID) ?? '', entry.string(tags.ReferencedSOPInstanceUID) ?? ''];
}

function references([sopClassUid, sopInstanceUid]: Reference): ReturnType<typeof element>[] {
  return [element(tags.ReferencedSOPClassUID, 'UI', sopClassUid), element(tags.ReferencedSOPInstanceUID, 'UI', sopInstanceUid)];
}
