import type { QueryLevel } from '../../../archive/query/attribute-table.ts';
import { GatheredDataSet } from '../../../transport/dicom/gathered-data-set.ts';
import { preferNativeSyntax } from '../../../standards/dimse/native-syntax.ts';
import { indexedAttribute } from '../../../archive/query/attribute-table.ts';
import type { IndexQuery } from '../../../archive/query/build-query.ts';
import { searchIndex } from '../../../archive/query/search-index.ts';
import { asGatewayError } from '../../../foundation/errors.ts';
import type { Log } from '../../../foundation/log.ts';
import { fault, ok, type Result } from '../../../foundation/result.ts';
import { DataSet, type Element } from '../../../standards/dicom/data-set.ts';
import { matchOf } from '../../../standards/dicom/query-key.ts';
import { tags } from '../../../standards/dicom/tags.ts';
import { commandFields } from '../../../standards/dimse/command.ts';
import { statuses } from '../../../standards/dimse/statuses.ts';
import type { ExtendedNegotiation } from '../../../standards/upper-layer/pdu.ts';
import type { Database } from '../../../store/database.ts';
import type { DataSetSink, DimseRequest, DimseService } from '../../../transport/dicom/dimse-service.ts';
import type { RightsOf } from '../ae-rights.ts';
import { answerPending, finishMatches } from './answer-matches.ts';
import { type Identifier, queryRetrieveClasses, readIdentifier } from './query-model.ts';

export interface FindScpOptions {
  readonly database: Database;
  readonly aeTitle: string;
  readonly log: Log;
  readonly rightsOf: RightsOf;
}

/** Matches are read from the index in pages of this many, so that a slow peer never makes us hold more. */
const PAGE = 1_000;
const FIND_CLASSES: ReadonlySet<string> = new Set([queryRetrieveClasses.patientRootFind, queryRetrieveClasses.studyRootFind]);
const LEVELS_ABOVE: Readonly<Record<QueryLevel, readonly QueryLevel[]>> = {
  patient: ['patient'],
  study: ['patient', 'study'],
  series: ['patient', 'study', 'series'],
  instance: ['patient', 'study', 'series', 'instance'],
};
/** Not keys: they say how the others are to be read (PS3.4 §C.4.1.1.3). */
const NO_KEYS: ReadonlySet<number> = new Set([tags.QueryRetrieveLevel, tags.SpecificCharacterSet, tags.TimezoneOffsetFromUTC, tags.RetrieveAETitle, tags.InstanceAvailability]);

/** C-FIND of the Patient Root and Study Root models, PS3.4 §C.4.1. Every combination of keys is answered, hierarchical or relational. */
export class FindScp implements DimseService {
  readonly name = 'find';
  readonly commands = [commandFields.cFindRq];
  readonly #options: FindScpOptions;

  constructor(options: FindScpOptions) {
    this.#options = options;
  }

  serves(abstractSyntax: string): boolean {
    return FIND_CLASSES.has(abstractSyntax);
  }

  chooseTransferSyntax(proposed: readonly string[]): string | undefined {
    return preferNativeSyntax(proposed);
  }

  /** Relational queries and combined date-time matching are supported (PS3.4 Table C.5.1-1, bytes 1 and 2); the other options are not. */
  answerExtended(proposal: ExtendedNegotiation): Uint8Array {
    return Uint8Array.from(proposal.bytes, (wanted, at) => (at <= 1 ? wanted : 0));
  }

  handle(request: DimseRequest): DataSetSink | undefined {
    return new GatheredDataSet((bytes) => void this.#find(request, bytes));
  }

  async #find(request: DimseRequest, bytes: Uint8Array | undefined): Promise<void> {
    const identifier = bytes === undefined ? fault({ comment: 'the identifier is too long' }) : readIdentifier(bytes, request.context.transferSyntax, request.context.abstractSyntax);
    const query = identifier.ok ? queryOf(identifier.value) : identifier;
    if (!identifier.ok || !query.ok) {
      void request.respond({ status: statuses.identifierMismatch, errorComment: (query.ok ? '' : query.fault.comment).slice(0, 64) });
      return;
    }
    const { callingAe } = request.association.facts;
    const { mayQuery } = this.#options.rightsOf(callingAe);
    if (mayQuery === 'none') return void request.respond({ status: statuses.notAuthorized, errorComment: 'this AE may not query' });
    try {
      await this.#answer(request, identifier.value, { ...query.value, combinedDateTime: hasCombinedDateTime(request), ...(mayQuery === 'own' ? { sentBy: callingAe } : {}) });
    } catch (thrown) {
      const error = asGatewayError(thrown);
      this.#options.log.warn('find.failed', { code: error.code, message: error.message, ...error.context });
      void request.respond({ status: statuses.unableToProcess, errorComment: 'the index does not answer' });
    }
  }

  async #answer(request: DimseRequest, identifier: Identifier, query: IndexQuery): Promise<void> {
    const ignoresKeys = [...identifier.keys].some((key) => isKey(key) && (indexedAttribute(key.tag) === undefined || !query.returnLevels.includes(indexedAttribute(key.tag)!.level)));
    for (let offset = 0; ; offset += PAGE) {
      const page = await searchIndex(this.#options.database, { ...query, limit: PAGE, offset });
      const pending = ignoresKeys || page.unsupported.length > 0 ? statuses.pendingOptionalKeysUnsupported : statuses.pending;
      const responses = page.matches.map((match) => responseOf(identifier, match, this.#options.aeTitle));
      if (!(await answerPending(request, pending, responses, identifier.keys))) return;
      if (!page.more) break;
    }
    finishMatches(request);
  }
}

/** Whether the peer negotiated that ranges of date and time are one stretch (byte 2 of the extended negotiation). */
function hasCombinedDateTime({ association, context }: DimseRequest): boolean {
  return association.facts.request.user.extended?.find((entry) => entry.sopClassUid === context.abstractSyntax)?.bytes[1] === 1;
}

/** In every answer at and below their level. */
const UNIQUE_KEYS = [tags.PatientID, tags.StudyInstanceUID, tags.SeriesInstanceUID, tags.SOPInstanceUID];

function queryOf(identifier: Identifier): Result<IndexQuery, { readonly comment: string }> {
  const keys: IndexQuery['keys'][number][] = [];
  for (const element of identifier.keys) {
    // Nothing in the index is a sequence: such keys come back empty, with FF01.
    if (!isKey(element) || element.vr === 'SQ') continue;
    const match = matchOf(element.vr, textsOf(identifier.keys, element), { emptyValueMatching: false, multipleValueMatching: true });
    if (!match.ok) return fault({ comment: match.fault.message });
    keys.push({ tag: element.tag, match: match.value });
  }
  const only = new Set([...[...identifier.keys].map((element) => element.tag), ...UNIQUE_KEYS]);
  return ok({ level: identifier.level, keys, include: [], only, limit: PAGE, offset: 0, fuzzy: false, returnLevels: LEVELS_ABOVE[identifier.level] });
}

/** Group lengths and what governs the query are no keys. */
function isKey(element: Element): boolean {
  return !NO_KEYS.has(element.tag) && (element.tag & 0xffff) !== 0;
}

function textsOf(keys: DataSet, element: Element): readonly string[] {
  const texts = keys.strings(element.tag);
  return texts.length > 0 ? texts : keys.numbers(element.tag).map(String);
}

/** What was asked for and is known, plus what every response has (PS3.4 §C.4.1.1.3.2). Keys the index does not hold come back empty. */
function responseOf(identifier: Identifier, match: DataSet, aeTitle: string): DataSet {
  const asked = [...identifier.keys].filter(isKey);
  const elements = asked.map((element): Element => match.get(element.tag) ?? { tag: element.tag, vr: element.vr, value: [] });
  const unique = [...match].filter((element) => isUniqueKey(element.tag, identifier.level));
  return DataSet.of([
    ...elements,
    ...unique,
    { tag: tags.QueryRetrieveLevel, vr: 'CS', value: [identifier.levelText] },
    { tag: tags.RetrieveAETitle, vr: 'AE', value: [aeTitle] },
    { tag: tags.InstanceAvailability, vr: 'CS', value: ['ONLINE'] },
  ]);
}

function isUniqueKey(tag: number, level: QueryLevel): boolean {
  const attribute = indexedAttribute(tag);
  if (tag === tags.PatientID) return level === 'patient';
  return attribute?.comparison === 'uid' && tag !== tags.SOPClassUID && tag !== tags.AvailableTransferSyntaxUID && LEVELS_ABOVE[level].includes(attribute.level);
}
