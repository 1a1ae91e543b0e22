import type { Log } from '../../foundation/log.ts';
import { GatheredDataSet } from '../../transport/dicom/gathered-data-set.ts';
import { preferNativeSyntax } from '../../standards/dimse/native-syntax.ts';
import type { CommitmentEvent } from '../../standards/dimse/commitment-messages.ts';
import { commitmentEvents, readCommitmentEvent, storageCommitmentPush } from '../../standards/dimse/commitment-messages.ts';
import { commandFields } from '../../standards/dimse/command.ts';
import { statuses } from '../../standards/dimse/statuses.ts';
import type { DataSetSink, DimseRequest, DimseService } from '../../transport/dicom/dimse-service.ts';

export interface CommitmentResultOptions {
  /** Writes a result down; `unknown` when we never asked for it. Errors: the database is away. */
  readonly record: (event: CommitmentEvent) => Promise<'answered' | 'repeated' | 'unknown'>;
  readonly log: Log;
}

const MAX_BYTES = 64 << 20;

/**
 * Takes N-EVENT-REPORTs of Storage Commitment, PS3.4 §J.3.3: the results of what we asked for, on an association the peer opened. The
 * peer should have taken the SCP role; who reports without having negotiated it is heard all the same.
 */
export class CommitmentResultService implements DimseService {
  readonly name = 'storage-commitment-result';
  readonly commands = [commandFields.nEventReportRq];
  readonly requestorRoles = { scu: true, scp: true };
  readonly #options: CommitmentResultOptions;

  constructor(options: CommitmentResultOptions) {
    this.#options = options;
  }

  serves(abstractSyntax: string): boolean {
    return abstractSyntax === storageCommitmentPush;
  }

  chooseTransferSyntax(proposed: readonly string[]): string | undefined {
    return preferNativeSyntax(proposed);
  }

  handle(request: DimseRequest): DataSetSink | undefined {
    const { eventTypeId, hasDataSet } = request.command;
    if (!hasDataSet) {
      void request.respond({ status: statuses.missingAttribute });
      return undefined;
    }
    const isKnown = eventTypeId === commitmentEvents.allCommitted || eventTypeId === commitmentEvents.failuresExist;
    return new GatheredDataSet((bytes) => void (isKnown ? this.#take(request, bytes) : request.respond({ status: statuses.noSuchEventType })), MAX_BYTES);
  }

  async #take(request: DimseRequest, bytes: Uint8Array | undefined): Promise<void> {
    if (bytes === undefined) return void request.respond({ status: statuses.resourceLimitation });
    const event = readCommitmentEvent(bytes, request.context.transferSyntax);
    if (!event.ok) return void request.respond({ status: event.fault.status, errorComment: event.fault.comment.slice(0, 64) });
    const eventTypeId = request.command.eventTypeId!;
    try {
      const kind = await this.#options.record(event.value);
      if (kind === 'unknown') this.#options.log.warn('commitment.unknown-transaction', { from: request.association.facts.callingAe, transactionUid: event.value.transactionUid });
      void request.respond(kind === 'unknown' ? { status: statuses.invalidArgumentValue, errorComment: 'unknown Transaction UID' } : { status: statuses.success, eventTypeId });
    } catch {
      void request.respond({ status: statuses.processingFailure, errorComment: 'the result could not be kept; tell it again' });
    }
  }
}
