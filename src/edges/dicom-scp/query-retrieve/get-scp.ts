import { inTransferSyntax } from '../../../archive/outgoing-data-set.ts';
import { GatheredDataSet } from '../../../transport/dicom/gathered-data-set.ts';
import { preferNativeSyntax } from '../../../standards/dimse/native-syntax.ts';
import { statusKind, statuses } from '../../../standards/dimse/statuses.ts';
import { commandFields, priorities } from '../../../standards/dimse/command.ts';
import type { AcceptedContext } from '../../../standards/upper-layer/negotiation.ts';
import { servedInstancesByKeys, type ServedInstance } from '../../../store/retrieval.ts';
import { blobAddressOf } from '../../../store/segments/blob-address.ts';
import type { DataSetBytes, DataSetSink, DimseRequest, DimseService } from '../../../transport/dicom/dimse-service.ts';
import { queryRetrieveClasses } from './query-model.ts';
import { readRetrieve, type RetrieveScpOptions } from './retrieve-request.ts';
import { SubOperations } from './sub-operations.ts';

interface Prepared {
  readonly context: AcceptedContext;
  readonly dataSet: DataSetBytes;
}

/** Instances up to this size are read as a whole, one ahead; larger ones are streamed. */
const READ_AHEAD_BYTES = 4 << 20;
const GET_CLASSES: ReadonlySet<string> = new Set([queryRetrieveClasses.patientRootGet, queryRetrieveClasses.studyRootGet]);

/** C-GET of both models, PS3.4 §C.4.3: the instances come back on the same association, where the peer took the SCP role. */
export class GetScp implements DimseService {
  readonly name = 'get';
  readonly commands = [commandFields.cGetRq];
  readonly #options: RetrieveScpOptions;

  constructor(options: RetrieveScpOptions) {
    this.#options = options;
  }

  serves(abstractSyntax: string): boolean {
    return GET_CLASSES.has(abstractSyntax);
  }

  chooseTransferSyntax(proposed: readonly string[]): string | undefined {
    return preferNativeSyntax(proposed);
  }

  handle(request: DimseRequest): DataSetSink {
    return new GatheredDataSet((bytes) => void this.#get(request, bytes));
  }

  async #get(request: DimseRequest, bytes: Uint8Array | undefined): Promise<void> {
    const keys = await readRetrieve(this.#options, request, bytes);
    if (keys === undefined) return;
    try {
      const instances = await servedInstancesByKeys(this.#options.database, keys);
      const operations = new SubOperations(request, instances.length);
      // The next one is read while the peer takes this one.
      const room = new TwoBuffers();
      let next = this.#prepare(request, instances[0], room);
      for (const [n, instance] of instances.entries()) {
        if (request.isCancelled || request.association.signal.aborted) break;
        const prepared = await next;
        next = this.#prepare(request, instances[n + 1], room);
        const kind = prepared === undefined ? 'failure' : await this.#send(request, instance, prepared);
        await (kind === 'success' ? operations.completed() : kind === 'warning' ? operations.warned() : operations.failed(instance.sop_instance_uid));
      }
      await next;
      operations.finish();
    } catch (thrown) {
      this.#options.failed('get', request, thrown);
    }
  }

  /** The instance in a transfer syntax the peer takes; undefined when there is none, or it cannot be read. Never rejects. */
  async #prepare(request: DimseRequest, instance: ServedInstance | undefined, room: TwoBuffers): Promise<Prepared | undefined> {
    if (instance === undefined) return undefined;
    const { segments, log } = this.#options;
    const contexts = [...request.association.facts.contexts.values()].filter((context) => context.abstractSyntax === instance.sop_class_uid && context.requestorIsScp);
    try {
      const stored = contexts.find((context) => context.transferSyntax === instance.transfer_syntax_uid);
      if (stored !== undefined && instance.data_length <= READ_AHEAD_BYTES) {
        const dataSet = room.next(instance.data_length);
        await segments.readInto(blobAddressOf(instance), 0, dataSet);
        return { context: stored, dataSet };
      }
      const dataSet = await inTransferSyntax(segments, instance, contexts.map((context) => context.transferSyntax));
      const context = contexts.find((one) => one.transferSyntax === dataSet?.transferSyntaxUid);
      return dataSet === undefined || context === undefined ? undefined : { context, dataSet: dataSet.pieces() };
    } catch (thrown) {
      log.warn('get.unreadable', { sopInstanceUid: instance.sop_instance_uid, message: String(thrown) });
      return undefined;
    }
  }

  async #send(request: DimseRequest, instance: ServedInstance, { context, dataSet }: Prepared): Promise<'success' | 'warning' | 'failure'> {
    try {
      const response = await request.association.invoke({
        contextId: context.id,
        command: { field: commandFields.cStoreRq, affectedSopClassUid: instance.sop_class_uid, affectedSopInstanceUid: instance.sop_instance_uid, priority: priorities.medium },
        dataSet,
        // Not ended by a C-CANCEL: the one under way is finished and counted, no other is begun.
      }, request.association.signal);
      const kind = statusKind(response.status);
      return kind === 'success' || kind === 'warning' ? kind : 'failure';
    } catch (thrown) {
      this.#options.log.warn('get.sub-operation-failed', { sopInstanceUid: instance.sop_instance_uid, status: statuses.processingFailure, message: String(thrown) });
      return 'failure';
    }
  }
}

/**
 * Memory for one instance that is being sent and one that is being read, used again and again: fresh pages for each would cost more than
 * the reading. A buffer comes round when the peer has answered for what it held, so all of it has left.
 */
class TwoBuffers {
  #spare = Buffer.alloc(0);
  #last = Buffer.alloc(0);

  next(length: number): Uint8Array {
    const buffer = this.#spare.length >= length ? this.#spare : Buffer.allocUnsafeSlow(Math.max(length, this.#last.length));
    this.#spare = this.#last;
    this.#last = buffer;
    return buffer.subarray(0, length);
  }
}
