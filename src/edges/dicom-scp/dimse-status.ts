import { assertNever } from '../../foundation/errors.ts';
import { statuses } from '../../standards/dimse/statuses.ts';
import type { RefusalReason, StoreOutcome } from '../../stages/intake/receive-instance.ts';
import type { ResponseFields } from '../../transport/dicom/dimse-service.ts';

/** The one place where outcomes of intake become DIMSE statuses: PS3.4 §B.2.3 (Table B.2-1), PS3.7 §9.1.1.1.9 and Annex C. */
export function storeResponse(outcome: StoreOutcome): ResponseFields {
  switch (outcome.kind) {
    case 'stored':
    // The same bytes again are no failure: the sender wanted us to have them, and we do.
    case 'duplicate':
      return stored;
    case 'refused':
      return {
        status: refusalStatus(outcome.reason),
        errorComment: errorComment(outcome.comment),
        ...(outcome.offendingTag === undefined ? {} : { offendingElements: [outcome.offendingTag] }),
      };
    default:
      return assertNever(outcome, 'outcome');
  }
}

export function refusalStatus(reason: RefusalReason): number {
  switch (reason) {
    case 'out-of-resources':
      return statuses.storeOutOfResources;
    case 'class-mismatch':
    case 'duplicate-other-content':
      return statuses.storeDataSetMismatch;
    case 'uid-mismatch':
      return statuses.invalidSopInstance;
    case 'cannot-understand':
      return statuses.storeCannotUnderstand;
    case 'truncated':
      return statuses.storeCannotUnderstand | 0x0001;
    case 'missing-uid':
      // Cxxx are free to use within "cannot understand" (PS3.4 Table B.2-1).
      return statuses.storeCannotUnderstand | 0x0003;
    case 'processing-failure':
      return statuses.processingFailure;
    default:
      return assertNever(reason, 'reason');
  }
}

/** VR LO: at most 64 characters of the default repertoire, no backslash (PS3.5 §6.2). */
export function errorComment(text: string): string {
  return text.replace(/[^ -[\]-~]/g, '?').slice(0, 64);
}

const stored: ResponseFields = { status: statuses.success };
