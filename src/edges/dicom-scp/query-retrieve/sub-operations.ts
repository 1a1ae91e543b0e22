import { DataSet } from '../../../standards/dicom/data-set.ts';
import { writeDataSet } from '../../../standards/dicom/data-set-writer.ts';
import { element } from '../../../standards/dicom/element.ts';
import { tags } from '../../../standards/dicom/tags.ts';
import { statuses } from '../../../standards/dimse/statuses.ts';
import type { DimseRequest } from '../../../transport/dicom/dimse-service.ts';

/** Counts of the C-STORE sub-operations of one C-MOVE or C-GET, PS3.7 §9.1.3.1 and §9.1.4.1, and its answers. */
export class SubOperations {
  readonly #request: DimseRequest;
  #remaining: number;
  #completed = 0;
  #warning = 0;
  readonly #failed: string[] = [];

  constructor(request: DimseRequest, total: number) {
    this.#request = request;
    this.#remaining = total;
  }

  completed(): Promise<void> | undefined {
    this.#completed += 1;
    return this.#pending();
  }

  warned(): Promise<void> | undefined {
    this.#warning += 1;
    return this.#pending();
  }

  failed(sopInstanceUid: string): Promise<void> | undefined {
    this.#failed.push(sopInstanceUid);
    return this.#pending();
  }

  /** The final response: success, B000 when some failed, A702 when all did, FE00 when the peer cancelled. Failed ones are listed. */
  finish(): void {
    const cancelled = this.#request.isCancelled;
    const none = this.#completed + this.#warning === 0;
    const status = cancelled ? statuses.cancel : this.#failed.length === 0 ? statuses.success : none ? statuses.moveOutOfResourcesSuboperations : statuses.suboperationsWarning;
    const fields = { status, ...this.#counts(), ...(cancelled ? { remainingSuboperations: this.#remaining } : {}) };
    if (this.#failed.length === 0) return void this.#request.respond(fields);
    const list = DataSet.of([element(tags.FailedSOPInstanceUIDList, 'UI', this.#failed)]);
    void this.#request.respond(fields, writeDataSet(list, this.#request.context.transferSyntax));
  }

  #pending(): Promise<void> | undefined {
    this.#remaining -= 1;
    // The last sub-operation is told by the final response.
    if (this.#remaining === 0) return undefined;
    return this.#request.respond({ status: statuses.pending, remainingSuboperations: this.#remaining, ...this.#counts() });
  }

  #counts(): { completedSuboperations: number; failedSuboperations: number; warningSuboperations: number } {
    return { completedSuboperations: this.#completed, failedSuboperations: this.#failed.length, warningSuboperations: this.#warning };
  }
}
