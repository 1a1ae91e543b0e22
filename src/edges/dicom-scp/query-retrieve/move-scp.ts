import { asStored, inTransferSyntax } from '../../../archive/outgoing-data-set.ts';
import { commandFields } from '../../../standards/dimse/command.ts';
import { statusKind, statuses } from '../../../standards/dimse/statuses.ts';
import { preferSendersBytes } from '../../../standards/upper-layer/negotiation.ts';
import { implicitLittleEndian } from '../../../standards/dicom/transfer-syntaxes.ts';
import type { DimsePeer } from '../../../peers/dimse/dimse-peer.ts';
import { sendInstances, type OutgoingInstance, type SendOutcome } from '../../../peers/dimse/send-instances.ts';
import { servedInstancesByKeys, type ServedInstance } from '../../../store/retrieval.ts';
import type { DataSetSink, DimseRequest, DimseService } from '../../../transport/dicom/dimse-service.ts';
import type { Clock } from '../../../foundation/clock.ts';
import { IdentifierSink } from './identifier-bytes.ts';
import { queryRetrieveClasses } from './query-model.ts';
import { isNativeSyntax, readRetrieve, type RetrieveScpOptions } from './retrieve-request.ts';
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
    return preferSendersBytes(proposed, isNativeSyntax);
  }

  handle(request: DimseRequest): DataSetSink {
    return new IdentifierSink((bytes) => void this.#move(request, bytes));
  }

  async #move(request: DimseRequest, bytes: Uint8Array | undefined): Promise<void> {
    const keys = await readRetrieve(this.#options, request, bytes);
    if (keys === undefined) return;
    const peer = this.#options.destination(request.command.moveDestination?.trim() ?? '');
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

  /** First everything as it is stored; what the peer took no context for goes once more, re-encoded to what every peer takes. */
  async #send(request: DimseRequest, peer: DimsePeer, instances: readonly ServedInstance[]): Promise<void> {
    const operations = new SubOperations(request, instances.length);
    const notAccepted: ServedInstance[] = [];
    try {
      await this.#sendAll(request, peer, instances, asStoredOnly, (instance, outcome) => {
        if (outcome.kind === 'not-accepted') notAccepted.push(instance);
        else count(operations, instance, outcome);
      });
      if (notAccepted.length > 0) await this.#sendAll(request, peer, notAccepted, NATIVE, (instance, outcome) => count(operations, instance, outcome));
    } catch (thrown) {
      // No association at all: every sub-operation failed.
      this.#options.log.warn('move.destination-unreachable', { destination: request.command.moveDestination, message: thrown instanceof Error ? thrown.message : String(thrown) });
      for (const instance of instances) await operations.failed(instance.sop_instance_uid);
    }
    operations.finish();
  }

  async #sendAll(request: DimseRequest, peer: DimsePeer, instances: readonly ServedInstance[], syntaxes: readonly string[], tell: (instance: ServedInstance, outcome: SendOutcome) => void): Promise<void> {
    const { clock, log } = this.#options;
    await sendInstances(peer, this.#outgoing(instances, syntaxes), { clock, log, signal: request.signal, onOutcome: (_item, outcome, index) => tell(instances[index]!, outcome) });
  }

  async *#outgoing(instances: readonly ServedInstance[], syntaxes: readonly string[]): AsyncGenerator<OutgoingInstance, void, undefined> {
    for (const instance of instances) {
      const dataSet = (await inTransferSyntax(this.#options.segments, instance, syntaxes)) ?? asStored(this.#options.segments, instance);
      yield { sopClassUid: instance.sop_class_uid, sopInstanceUid: instance.sop_instance_uid, transferSyntaxUid: dataSet.transferSyntaxUid, bytes: dataSet.pieces() };
    }
  }
}

const asStoredOnly: readonly string[] = [];
const NATIVE: readonly string[] = [implicitLittleEndian];

function count(operations: SubOperations, instance: ServedInstance, outcome: SendOutcome): void {
  const kind = kindOf(outcome);
  void (kind === 'success' ? operations.completed() : kind === 'warning' ? operations.warned() : operations.failed(instance.sop_instance_uid));
}

function kindOf(outcome: SendOutcome): 'success' | 'warning' | 'failure' {
  if (outcome.kind !== 'answered') return 'failure';
  const kind = statusKind(outcome.status);
  return kind === 'success' || kind === 'warning' ? kind : 'failure';
}
