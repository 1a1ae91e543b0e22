import { asGatewayError } from '../../../foundation/errors.ts';
import { GatheredDataSet } from '../../../transport/dicom/gathered-data-set.ts';
import { preferNativeSyntax } from '../../../standards/dimse/native-syntax.ts';
import type { Log } from '../../../foundation/log.ts';
import { commandFields } from '../../../standards/dimse/command.ts';
import { readCommitmentAction, requestCommitment, storageCommitmentInstance, storageCommitmentPush } from '../../../standards/dimse/commitment-messages.ts';
import { statuses } from '../../../standards/dimse/statuses.ts';
import type { Clock } from '../../../foundation/clock.ts';
import { type CommitmentRequestRow, insertCommitmentRequest } from '../../../store/commitment.ts';
import type { Database } from '../../../store/database.ts';
import type { DataSetSink, DimseRequest, DimseService } from '../../../transport/dicom/dimse-service.ts';

export interface CommitmentScpOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** The request is durable and answered; its result is to be found and reported, on this association when that still works. */
  readonly accepted: (row: CommitmentRequestRow, request: DimseRequest) => void;
}

/** A request names every object of a study, at about 130 bytes each. */
const MAX_BYTES = 64 << 20;
/** The reporter leaves a fresh request alone for this long: the one who took it is at it. */
const HEAD_START_MS = 30_000;

/** Storage Commitment Push Model SCP, PS3.4 §J.3: the request is answered when it is durable; the result follows as an N-EVENT-REPORT. */
export class CommitmentScp implements DimseService {
  readonly name = 'storage-commitment';
  readonly commands = [commandFields.nActionRq];
  /** Who reports results to us takes the SCP role in the same SOP class (CommitmentResultService). */
  readonly requestorRoles = { scu: true, scp: true };
  readonly #options: CommitmentScpOptions;

  constructor(options: CommitmentScpOptions) {
    this.#options = options;
  }

  serves(abstractSyntax: string): boolean {
    return abstractSyntax === storageCommitmentPush;
  }

  chooseTransferSyntax(proposed: readonly string[]): string | undefined {
    return preferNativeSyntax(proposed);
  }

  handle(request: DimseRequest): DataSetSink | undefined {
    const refusal = refusalOf(request);
    if (!request.command.hasDataSet) {
      void request.respond({ status: refusal ?? statuses.missingAttribute });
      return undefined;
    }
    return new GatheredDataSet((bytes) => void (refusal === undefined ? this.#take(request, bytes) : request.respond({ status: refusal })), MAX_BYTES);
  }

  async #take(request: DimseRequest, bytes: Uint8Array | undefined): Promise<void> {
    if (bytes === undefined) return void request.respond({ status: statuses.resourceLimitation, errorComment: 'too many objects in one request' });
    const action = readCommitmentAction(bytes, request.context.transferSyntax);
    if (!action.ok) return void request.respond({ status: action.fault.status, errorComment: action.fault.comment.slice(0, 64) });
    const { database, clock, log, accepted } = this.#options;
    const { callingAe, calledAe } = request.association.facts;
    try {
      const row = await insertCommitmentRequest(database, { ...action.value, callingAe, calledAe, at: new Date(clock.now() + HEAD_START_MS) });
      await request.respond({ status: statuses.success, actionTypeId: requestCommitment });
      log.info('commitment.asked', { callingAe, transactionUid: action.value.transactionUid, objects: action.value.objects.length });
      accepted(row, request);
    } catch (thrown) {
      log.warn('commitment.not-taken', { code: asGatewayError(thrown).code });
      void request.respond({ status: statuses.processingFailure, errorComment: 'the request could not be kept' });
    }
  }
}

/** PS3.7 §10.1.4.1.10. */
function refusalOf({ command }: DimseRequest): number | undefined {
  if (command.requestedSopClassUid !== storageCommitmentPush) return statuses.noSuchSopClass;
  if (command.requestedSopInstanceUid !== storageCommitmentInstance) return statuses.noSuchSopInstance;
  return command.actionTypeId === requestCommitment ? undefined : statuses.noSuchActionType;
}
