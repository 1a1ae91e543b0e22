import type { Failure } from '../../foundation/errors.ts';

/** Status (0000,0900) values, PS3.7 Annex C and PS3.4 Annex B (storage), C (query/retrieve), CC (unified procedure step). */
export const statuses = {
  success: 0x0000,
  cancel: 0xfe00,
  pending: 0xff00,
  pendingOptionalKeysUnsupported: 0xff01,

  attributeListError: 0x0107,
  attributeValueOutOfRange: 0x0116,
  noSuchAttribute: 0x0105,
  invalidAttributeValue: 0x0106,
  processingFailure: 0x0110,
  duplicateSopInstance: 0x0111,
  noSuchSopInstance: 0x0112,
  noSuchEventType: 0x0113,
  noSuchArgument: 0x0114,
  invalidArgumentValue: 0x0115,
  invalidSopInstance: 0x0117,
  noSuchSopClass: 0x0118,
  classInstanceConflict: 0x0119,
  missingAttribute: 0x0120,
  missingAttributeValue: 0x0121,
  sopClassNotSupported: 0x0122,
  noSuchActionType: 0x0123,
  notAuthorized: 0x0124,
  duplicateInvocation: 0x0210,
  unrecognizedOperation: 0x0211,
  mistypedArgument: 0x0212,
  resourceLimitation: 0x0213,

  storeOutOfResources: 0xa700,
  storeDataSetMismatch: 0xa900,
  storeCannotUnderstand: 0xc000,
  storeCoercion: 0xb000,
  storeElementsDiscarded: 0xb006,
  storeDataSetMismatchWarning: 0xb007,

  moveOutOfResourcesMatches: 0xa701,
  moveOutOfResourcesSuboperations: 0xa702,
  moveDestinationUnknown: 0xa801,
  identifierMismatch: 0xa900,
  unableToProcess: 0xc000,
  suboperationsWarning: 0xb000,

  upsNoLongerUpdatable: 0xc300,
  upsWrongTransactionUid: 0xc301,
  upsAlreadyInProgress: 0xc302,
  upsCreateStateNotScheduled: 0xc303,
  upsFinalStateRequirementsNotMet: 0xc304,
  upsNotFound: 0xc307,
  upsUnknownReceivingAe: 0xc308,
  upsStateNotScheduled: 0xc309,
  upsNotYetInProgress: 0xc310,
  upsAlreadyCompleted: 0xc311,
} as const;

export type StatusKind = 'success' | 'warning' | 'failure' | 'cancel' | 'pending';

/** The type of a status, PS3.7 §C.1–C.5; codes the standard does not name are failures. */
export function statusKind(status: number): StatusKind {
  if (status === statuses.success) return 'success';
  if (status === statuses.pending || status === statuses.pendingOptionalKeysUnsupported) return 'pending';
  if (status === statuses.cancel) return 'cancel';
  // PS3.7 Table C-1: warnings are 0001, Bxxx, 0107 and 0116.
  if (status === 0x0001 || status >>> 12 === 0xb || status === statuses.attributeListError || status === statuses.attributeValueOutOfRange) return 'warning';
  return 'failure';
}

/** What a failure status of C-STORE means for a repeat of the same instance: only resources and processing may get better by themselves. */
export function storeFailure(status: number): Failure {
  const isTransient = status >>> 8 === 0xa7 || status === statuses.processingFailure || status === statuses.resourceLimitation;
  return isTransient ? 'transient' : 'permanent';
}

/** Four hexadecimal digits, as PACS logs and conformance statements write it. */
export function statusText(status: number): string {
  return status.toString(16).toUpperCase().padStart(4, '0');
}
