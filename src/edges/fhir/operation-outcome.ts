/** Why a request was not answered as asked, FHIR R4 OperationOutcome. */
export interface OperationOutcome {
  readonly resourceType: 'OperationOutcome';
  readonly issue: readonly { readonly severity: 'error' | 'fatal'; readonly code: IssueCode; readonly diagnostics: string }[];
}

/** The part of FHIR's issue-type value set that a read-only server needs. */
export type IssueCode = 'not-found' | 'deleted' | 'invalid' | 'not-supported' | 'transient' | 'exception' | 'forbidden';

/** A request that cannot be answered: status, and what its body says. No patient data in `message`. */
export class FhirFault extends Error {
  readonly status: number;
  readonly code: IssueCode;

  constructor(status: number, code: IssueCode, message: string) {
    super(message);
    this.name = 'FhirFault';
    this.status = status;
    this.code = code;
  }
}

export function outcomeOf(fault: FhirFault): OperationOutcome {
  return { resourceType: 'OperationOutcome', issue: [{ severity: fault.status >= 500 ? 'fatal' : 'error', code: fault.code, diagnostics: fault.message }] };
}
