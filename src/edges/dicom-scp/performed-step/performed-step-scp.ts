import type { Clock } from '../../../foundation/clock.ts';
import { asGatewayError } from '../../../foundation/errors.ts';
import type { Log } from '../../../foundation/log.ts';
import { isUid } from '../../../foundation/uid.ts';
import { readDataSet } from '../../../standards/dicom/data-set-reader.ts';
import type { DataSet } from '../../../standards/dicom/data-set.ts';
import { commandFields } from '../../../standards/dimse/command.ts';
import { preferNativeSyntax } from '../../../standards/dimse/native-syntax.ts';
import { availabilityNotice, instanceAvailabilityNotification, modalityPerformedStep } from '../../../standards/dimse/performed-step.ts';
import { statuses } from '../../../standards/dimse/statuses.ts';
import { recordAvailability } from '../../../stages/orders/record-availability.ts';
import { changePerformedStep, createPerformedStep, type StepOutcome } from '../../../stages/orders/record-performed-step.ts';
import type { Database } from '../../../store/database.ts';
import type { DataSetSink, DimseRequest, DimseService, ResponseFields } from '../../../transport/dicom/dimse-service.ts';
import { GatheredDataSet } from '../../../transport/dicom/gathered-data-set.ts';

export interface PerformedStepScpOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}

const MAX_BYTES = 32 << 20;
const CLASSES: ReadonlySet<string> = new Set([modalityPerformedStep, instanceAvailabilityNotification]);

/**
 * Modality Performed Procedure Step SCP (N-CREATE, N-SET; PS3.4 Annex F) and Instance Availability Notification SCP (N-CREATE; Annex R).
 * A message is answered when what it says is a row.
 */
export class PerformedStepScp implements DimseService {
  readonly name = 'performed-step';
  readonly commands = [commandFields.nCreateRq, commandFields.nSetRq];
  readonly #options: PerformedStepScpOptions;

  constructor(options: PerformedStepScpOptions) {
    this.#options = options;
  }

  serves(abstractSyntax: string): boolean {
    return CLASSES.has(abstractSyntax);
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
    const parsed = bytes === undefined ? undefined : readDataSet(bytes, request.context.transferSyntax, { maxElements: 1_000_000 });
    if (parsed?.ok !== true) return void request.respond({ status: statuses.processingFailure, errorComment: 'the attribute list does not parse' });
    try {
      void request.respond(await this.#record(request, parsed.value));
    } catch (thrown) {
      this.#options.log.warn('performed-step.failed', { code: asGatewayError(thrown).code });
      void request.respond({ status: statuses.processingFailure, errorComment: 'it could not be kept' });
    }
  }

  async #record(request: DimseRequest, attributes: DataSet): Promise<ResponseFields> {
    const { database, clock } = this.#options;
    const { callingAe } = request.association.facts;
    const at = new Date(clock.now());
    const { affectedSopInstanceUid, requestedSopInstanceUid, field } = request.command;
    if (request.context.abstractSyntax === instanceAvailabilityNotification) {
      const notice = availabilityNotice(attributes);
      if (notice === undefined) return { status: statuses.missingAttribute, errorComment: 'no study or no instance is named' };
      return { status: statuses.success, affectedSopInstanceUid: await recordAvailability(database, affectedSopInstanceUid, notice, callingAe, at) };
    }
    if (field === commandFields.nSetRq) return responseOf(await changePerformedStep(database, { sopInstanceUid: requestedSopInstanceUid, attributes, callingAe, at }));
    return responseOf(await createPerformedStep(database, { sopInstanceUid: affectedSopInstanceUid, attributes, callingAe, at }));
  }
}

function responseOf(outcome: StepOutcome): ResponseFields {
  if (outcome.kind === 'done') return { status: statuses.success, affectedSopInstanceUid: outcome.sopInstanceUid };
  const { kind: _kind, ...fields } = outcome;
  return fields;
}

/** PS3.7 §10.1.5.1.6 and §10.1.3.1.8. */
function refusalOf({ command, context }: DimseRequest): number | undefined {
  const isSet = command.field === commandFields.nSetRq;
  const sopClass = isSet ? command.requestedSopClassUid : command.affectedSopClassUid;
  const instance = isSet ? command.requestedSopInstanceUid : command.affectedSopInstanceUid;
  if (sopClass !== context.abstractSyntax) return statuses.noSuchSopClass;
  if (isSet && context.abstractSyntax === instanceAvailabilityNotification) return statuses.unrecognizedOperation;
  return instance !== undefined && !isUid(instance) ? statuses.invalidSopInstance : undefined;
}
