import { inTransferSyntax } from '../../../archive/outgoing-data-set.ts';
import { GatheredDataSet } from '../../../transport/dicom/gathered-data-set.ts';
import { preferNativeSyntax } from '../../../standards/dimse/native-syntax.ts';
import { statusKind, statuses } from '../../../standards/dimse/statuses.ts';
import { commandFields, priorities } from '../../../standards/dimse/command.ts';
import type { AcceptedContext } from '../../../standards/upper-layer/negotiation.ts';
import { servedInstancesByKeys, type ServedInstance } from '../../../store/retrieval.ts';
import type { DataSetSink, DimseRequest, DimseService } from '../../../transport/dicom/dimse-service.ts';
import { queryRetrieveClasses } from './query-model.ts';
import { readRetrieve, type RetrieveScpOptions } from './retrieve-request.ts';
import { SubOperations } from './sub-operations.ts';

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
      for (const instance of instances) {
        if (request.isCancelled || request.association.signal.aborted) break;
        const kind = await this.#send(request, instance);
        await (kind === 'success' ? operations.completed() : kind === 'warning' ? operations.warned() : operations.failed(instance.sop_instance_uid));
      }
      operations.finish();
    } catch (thrown) {
      this.#options.failed('get', request, thrown);
    }
  }

  async #send(request: DimseRequest, instance: ServedInstance): Promise<'success' | 'warning' | 'failure'> {
    const contexts = [...request.association.facts.contexts.values()].filter((context) => context.abstractSyntax === instance.sop_class_uid && context.requestorIsScp);
    const dataSet = await inTransferSyntax(this.#options.segments, instance, contexts.map((context) => context.transferSyntax));
    const context = contexts.find((one: AcceptedContext) => one.transferSyntax === dataSet?.transferSyntaxUid);
    if (dataSet === undefined || context === undefined) return 'failure';
    try {
      const response = await request.association.invoke({
        contextId: context.id,
        command: { field: commandFields.cStoreRq, affectedSopClassUid: instance.sop_class_uid, affectedSopInstanceUid: instance.sop_instance_uid, priority: priorities.medium },
        dataSet: dataSet.pieces(),
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
