import { asStored, inTransferSyntax } from '../../../archive/outgoing-data-set.ts';
import { GatheredDataSet } from '../../../transport/dicom/gathered-data-set.ts';
import { preferNativeSyntax } from '../../../standards/dimse/native-syntax.ts';
import { commandFields } from '../../../standards/dimse/command.ts';
import { statusKind, statuses } from '../../../standards/dimse/statuses.ts';
import type { DimsePeer } from '../../../peers/dimse/dimse-peer.ts';
import { sendInstances, type OutgoingInstance, type SendOutcome } from '../../../peers/dimse/send-instances.ts';
import { servedInstancesByKeys, type ServedInstance } from '../../../store/retrieval.ts';
import type { DataSetSink, DimseRequest, DimseService } from '../../../transport/dicom/dimse-service.ts';
import type { Clock } from '../../../foundation/clock.ts';
import { mayMoveTo } from '../ae-rights.ts';
import { queryRetrieveClasses } from './query-model.ts';
import { readRetrieve, type RetrieveScpOptions } from './retrieve-request.ts';
import { SubOperations } from './sub-operations.ts';

export interface MoveScpOptions extends RetrieveScpOptions {
  readonly clock: Clock;
  /** Where a move destination is reached; undefined = unknown, A801. */
  destination(aeTitle: string): DimsePeer | undefined;
}

const MOVE_CLASSES: ReadonlySet<string> = new Set([queryRetrieveClasses.patientRootMove, queryRetrieveClasses.studyRootMove]);

/** C-MOVE of both models, PS3.4 §C.4.2: the instances go to a third AE that the configuration knows. */
export class MoveScp implements DimseService {
  readonly name = 'move';
  readonly commands = [commandFields.cMoveRq];
  readonly #options: MoveScpOptions;

  constructor(options: MoveScpOptions) {
    this.#options = options;
  }

  serves(abstractSyntax: string): boolean {
    return MOVE_CLASSES.has(abstractSyntax);
  }

  chooseTransferSyntax(proposed: readonly string[]): string | undefined {
    return preferNativeSyntax(proposed);
  }

  handle(request: DimseRequest): DataSetSink {
    return new GatheredDataSet((bytes) => void this.#move(request, bytes));
  }

  async #move(request: DimseRequest, bytes: Uint8Array | undefined): Promise<void> {
    const keys = await readRetrieve(this.#options, request, bytes);
    if (keys === undefined) return;
    const peer = this.#options.destination(request.command.moveDestination?.trim() ?? '');
    if (peer !== undefined && !mayMoveTo(this.#options.rightsOf(request.association.facts.callingAe), peer.aeTitle)) {
      await request.respond({ status: statuses.notAuthorized, errorComment: 'this AE may not move to that destination' });
      return;
    }
    if (peer === undefined) {
      await request.respond({ status: statuses.moveDestinationUnknown, errorComment: 'the move destination is not configured as a peer' });
      return;
    }
    try {
      const instances = await servedInstancesByKeys(this.#options.database, keys);
      await this.#send(request, peer, instances);
    } catch (thrown) {
      this.#options.failed('move', request, thrown);
    }
  }

  /** What the peer does not take as it is stored is re-encoded without loss on the way. A C-CANCEL lets what is under way end. */
  async #send(request: DimseRequest, peer: DimsePeer, instances: readonly ServedInstance[]): Promise<void> {
    const { clock, log } = this.#options;
    const operations = new SubOperations(request, instances.length);
    const moveOriginator = { aeTitle: request.association.facts.callingAe, messageId: request.command.messageId ?? 0 };
    try {
      await sendInstances(peer, this.#outgoing(instances), {
        clock, log, moveOriginator,
        signal: request.association.signal,
        noMore: request.signal,
        onOutcome: (_item, outcome, index) => count(operations, instances[index]!, outcome),
      });
    } catch (thrown) {
      // No association at all: every sub-operation failed.
      log.warn('move.destination-unreachable', { destination: peer.aeTitle, message: thrown instanceof Error ? thrown.message : String(thrown) });
      for (const instance of instances) await operations.failed(instance.sop_instance_uid);
    }
    operations.finish();
  }

  *#outgoing(instances: readonly ServedInstance[]): Generator<OutgoingInstance, void, undefined> {
    const { segments } = this.#options;
    for (const instance of instances) {
      yield {
        sopClassUid: instance.sop_class_uid,
        sopInstanceUid: instance.sop_instance_uid,
        transferSyntaxUid: instance.transfer_syntax_uid,
        bytes: onDemand(() => asStored(segments, instance).pieces()),
        reencode: async (acceptable) => {
          const dataSet = await inTransferSyntax(segments, instance, acceptable);
          return dataSet === undefined ? undefined : { transferSyntaxUid: dataSet.transferSyntaxUid, bytes: dataSet.pieces() };
        },
      };
    }
  }
}

/** Reading begins when it is sent, not when it is looked at ahead. */
async function* onDemand(pieces: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces();
}

function count(operations: SubOperations, instance: ServedInstance, outcome: SendOutcome): void {
  const kind = kindOf(outcome);
  void (kind === 'success' ? operations.completed() : kind === 'warning' ? operations.warned() : operations.failed(instance.sop_instance_uid));
}

function kindOf(outcome: SendOutcome): 'success' | 'warning' | 'failure' {
  if (outcome.kind !== 'answered') return 'failure';
  const kind = statusKind(outcome.status);
  return kind === 'success' || kind === 'warning' ? kind : 'failure';
}
