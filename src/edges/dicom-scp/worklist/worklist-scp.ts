import { searchWorklist, worklistAttribute, type WorklistKey } from '../../../archive/query/worklist-query.ts';
import { asGatewayError } from '../../../foundation/errors.ts';
import type { Log } from '../../../foundation/log.ts';
import { fault, ok, type Result } from '../../../foundation/result.ts';
import { DataSet, type Element } from '../../../standards/dicom/data-set.ts';
import { readDataSet } from '../../../standards/dicom/data-set-reader.ts';
import { matchOf } from '../../../standards/dicom/query-key.ts';
import { tags } from '../../../standards/dicom/tags.ts';
import { commandFields } from '../../../standards/dimse/command.ts';
import { preferNativeSyntax } from '../../../standards/dimse/native-syntax.ts';
import { statuses } from '../../../standards/dimse/statuses.ts';
import type { Database } from '../../../store/database.ts';
import type { DataSetSink, DimseRequest, DimseService } from '../../../transport/dicom/dimse-service.ts';
import { GatheredDataSet } from '../../../transport/dicom/gathered-data-set.ts';
import type { RightsOf } from '../ae-rights.ts';
import { answerPending, finishMatches } from '../query-retrieve/answer-matches.ts';

/** Modality Worklist Information Model – FIND, PS3.4 §K.6.1. */
export const modalityWorklistFind = '1.2.840.10008.5.1.4.31';

export interface WorklistScpOptions {
  readonly database: Database;
  readonly log: Log;
  readonly rightsOf: RightsOf;
}

const PAGE = 500;
const NO_KEYS: ReadonlySet<number> = new Set([tags.SpecificCharacterSet, tags.TimezoneOffsetFromUTC]);

/** Modality Worklist SCP, PS3.4 Annex K, over the orders: every attribute of the table is a key, in and outside the step's sequence. */
export class WorklistScp implements DimseService {
  readonly name = 'worklist';
  readonly commands = [commandFields.cFindRq];
  readonly #options: WorklistScpOptions;

  constructor(options: WorklistScpOptions) {
    this.#options = options;
  }

  serves(abstractSyntax: string): boolean {
    return abstractSyntax === modalityWorklistFind;
  }

  chooseTransferSyntax(proposed: readonly string[]): string | undefined {
    return preferNativeSyntax(proposed);
  }

  handle(request: DimseRequest): DataSetSink {
    return new GatheredDataSet((bytes) => void this.#find(request, bytes));
  }

  async #find(request: DimseRequest, bytes: Uint8Array | undefined): Promise<void> {
    const parsed = bytes === undefined ? undefined : readDataSet(bytes, request.context.transferSyntax, { maxElements: 10_000 });
    if (parsed?.ok !== true) return void request.respond({ status: statuses.identifierMismatch, errorComment: 'the identifier does not parse' });
    const keys = keysOf(parsed.value);
    if (!keys.ok) return void request.respond({ status: statuses.identifierMismatch, errorComment: keys.fault.slice(0, 64) });
    if (this.#options.rightsOf(request.association.facts.callingAe).mayQuery === 'none') return void request.respond({ status: statuses.notAuthorized, errorComment: 'this AE may not query' });
    try {
      await this.#answer(request, parsed.value, keys.value);
    } catch (thrown) {
      this.#options.log.warn('worklist.failed', { code: asGatewayError(thrown).code });
      void request.respond({ status: statuses.unableToProcess, errorComment: 'the orders do not answer' });
    }
  }

  async #answer(request: DimseRequest, identifier: DataSet, keys: readonly WorklistKey[]): Promise<void> {
    const isUnsupported = keys.some((key) => worklistAttribute(key.tag, key.inStep) === undefined);
    const status = isUnsupported ? statuses.pendingOptionalKeysUnsupported : statuses.pending;
    for (let offset = 0; ; offset += PAGE) {
      const matches = await searchWorklist(this.#options.database, { keys, limit: PAGE, offset });
      if (!(await answerPending(request, status, matches.map((match) => responseOf(identifier, match)), identifier))) return;
      if (matches.length < PAGE) break;
    }
    finishMatches(request);
  }
}

function keysOf(identifier: DataSet): Result<WorklistKey[], string> {
  const keys: WorklistKey[] = [];
  const [step] = identifier.items(tags.ScheduledProcedureStepSequence);
  for (const [dataSet, inStep] of [[identifier, false], [step ?? DataSet.empty, true]] as const) {
    for (const { tag, vr } of dataSet) {
      if (NO_KEYS.has(tag) || vr === 'SQ' || (tag & 0xffff) === 0) continue;
      const match = matchOf(vr, dataSet.strings(tag), { multipleValueMatching: true });
      if (!match.ok) return fault(match.fault.message);
      keys.push({ tag, inStep, match: match.value });
    }
  }
  return ok(keys);
}

/** What was asked for; keys we do not hold come back empty, sequences without items (PS3.4 §K.4.1.1.3.2). */
function responseOf(identifier: DataSet, match: DataSet): DataSet {
  return DataSet.of([...identifier].filter(({ tag }) => !NO_KEYS.has(tag) && (tag & 0xffff) !== 0).map((asked): Element => {
    const [askedItem] = identifier.items(asked.tag);
    if (asked.tag !== tags.ScheduledProcedureStepSequence) return match.get(asked.tag) ?? { tag: asked.tag, vr: asked.vr, value: [] };
    const known = match.items(tags.ScheduledProcedureStepSequence)[0]!;
    // An item without keys asks for everything.
    const item = askedItem === undefined || askedItem.size === 0 ? known : responseOf(askedItem, known);
    return { tag: asked.tag, vr: 'SQ', value: [item] };
  }));
}
