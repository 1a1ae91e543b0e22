import { GatewayError } from '../../foundation/errors.ts';
import type { DataSet } from '../../standards/dicom/data-set.ts';
import { readDataSet } from '../../standards/dicom/data-set-reader.ts';
import { writeDataSet } from '../../standards/dicom/data-set-writer.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { commandFields, priorities } from '../../standards/dimse/command.ts';
import { statuses, statusText } from '../../standards/dimse/statuses.ts';
import { type AcceptedContext, explicitVrLittleEndian, implicitVrLittleEndian } from '../../standards/upper-layer/negotiation.ts';
import { type ClientAssociation, openAssociation } from '../../transport/dicom/association-client.ts';
import type { DimseResponse, DimseService } from '../../transport/dicom/dimse-service.ts';
import { addressed, type CallContext, type DimsePeer } from './dimse-peer.ts';

/** SOP classes of the Study Root model, and the worklist; PS3.4 §C.6.2 and §K.6.1. */
export const queryClasses = {
  studyRootFind: '1.2.840.10008.5.1.4.1.2.2.1',
  studyRootMove: '1.2.840.10008.5.1.4.1.2.2.2',
  studyRootGet: '1.2.840.10008.5.1.4.1.2.2.3',
  patientRootFind: '1.2.840.10008.5.1.4.1.2.1.1',
  worklistFind: '1.2.840.10008.5.1.4.31',
} as const;

export interface FindOptions extends CallContext {
  /** Study Root unless told. */
  readonly sopClassUid?: string;
  /** After so many matches the operation is cancelled. */
  readonly limit?: number;
}

/**
 * C-FIND on an association of its own (PS3.4 §C.4.1).
 * Errors: those of `openAssociation`; `QUERY_REFUSED` (permanent) when the peer has no such context or answers with a failure.
 */
export async function find(peer: DimsePeer, keys: DataSet, options: FindOptions): Promise<readonly DataSet[]> {
  const sopClassUid = options.sopClassUid ?? queryClasses.studyRootFind;
  return withContext(peer, sopClassUid, options, {}, async (association, context) => {
    const matches: DataSet[] = [];
    const enough = new AbortController();
    const signal = AbortSignal.any([options.signal, enough.signal]);
    const onPending = ({ dataSet }: DimseResponse): void => {
      const match = dataSet === undefined ? undefined : readDataSet(dataSet, context.transferSyntax);
      if (match?.ok === true && matches.length < (options.limit ?? Infinity)) matches.push(match.value);
      if (matches.length >= (options.limit ?? Infinity)) enough.abort();
    };
    const request = { contextId: context.id, command: { field: commandFields.cFindRq, affectedSopClassUid: sopClassUid, priority: priorities.medium }, dataSet: writeDataSet(keys, context.transferSyntax), onPending };
    const response = await association.invoke(request, signal).catch((thrown: unknown) => {
      if (enough.signal.aborted) return undefined;
      throw thrown;
    });
    if (response !== undefined && response.status !== statuses.success && response.status !== statuses.cancel) throw refused(response);
    return matches;
  });
}

/** What became of a C-MOVE or C-GET (PS3.7 §9.1.3.1): counts of its sub-operations, and which failed. */
export interface Retrieved {
  readonly status: number;
  readonly completed: number;
  readonly failed: number;
  readonly warning: number;
  readonly failedSopInstanceUids: readonly string[];
}

/** C-MOVE: the peer sends to `destination`, an AE title it knows. Errors: as `find`; a partial failure is a result, no error. */
export async function move(peer: DimsePeer, keys: DataSet, destination: string, options: CallContext): Promise<Retrieved> {
  return withContext(peer, queryClasses.studyRootMove, options, {}, (association, context) =>
    retrieve(association, context, keys, { field: commandFields.cMoveRq, affectedSopClassUid: queryClasses.studyRootMove, priority: priorities.medium, moveDestination: destination }, options.signal));
}

export interface GetOptions extends CallContext {
  /** SOP classes to take, each with the transfer syntaxes to offer; at most 127. */
  readonly storage: readonly { readonly sopClassUid: string; readonly transferSyntaxes: readonly string[] }[];
  /** Takes the C-STORE sub-operations. */
  readonly store: DimseService;
}

/** C-GET: the objects come back on the same association, where we take the SCP role. Errors: as `move`. */
export async function get(peer: DimsePeer, keys: DataSet, options: GetOptions): Promise<Retrieved> {
  const { storage, store } = options;
  const extra = {
    services: [store],
    roles: storage.map(({ sopClassUid }) => ({ sopClassUid, scu: false, scp: true })),
    contexts: storage.map(({ sopClassUid, transferSyntaxes }) => ({ abstractSyntax: sopClassUid, transferSyntaxes })),
  };
  return withContext(peer, queryClasses.studyRootGet, options, extra, (association, context) =>
    retrieve(association, context, keys, { field: commandFields.cGetRq, affectedSopClassUid: queryClasses.studyRootGet, priority: priorities.medium }, options.signal));
}

type Extra = Partial<Pick<Parameters<typeof openAssociation>[0], 'services' | 'roles' | 'contexts'>>;

async function withContext<T>(peer: DimsePeer, sopClassUid: string, context: CallContext, extra: Extra, work: (association: ClientAssociation, accepted: AcceptedContext) => Promise<T>): Promise<T> {
  const contexts = [{ abstractSyntax: sopClassUid, transferSyntaxes: [explicitVrLittleEndian, implicitVrLittleEndian] }, ...(extra.contexts ?? [])];
  const association = await openAssociation({ ...addressed(peer, context), ...extra, contexts }, context.signal);
  try {
    const accepted = association.contextFor(sopClassUid);
    if (accepted === undefined) throw new GatewayError('QUERY_REFUSED', 'the peer does not provide this query or retrieve service', { failure: 'permanent', context: { sopClassUid } });
    return await work(association, accepted);
  } finally {
    await association.release(AbortSignal.any([context.signal, AbortSignal.timeout(10_000)]));
  }
}

async function retrieve(association: ClientAssociation, context: AcceptedContext, keys: DataSet, command: Parameters<ClientAssociation['invoke']>[0]['command'], signal: AbortSignal): Promise<Retrieved> {
  const response = await association.invoke({ contextId: context.id, command, dataSet: writeDataSet(keys, context.transferSyntax) }, signal);
  const { status, command: answer, dataSet } = response;
  const isPartial = status === statuses.suboperationsWarning || status === statuses.moveOutOfResourcesSuboperations || status === statuses.cancel;
  if (status !== statuses.success && !isPartial) throw refused(response);
  const list = dataSet === undefined ? undefined : readDataSet(dataSet, context.transferSyntax);
  return {
    status,
    completed: answer.completedSuboperations ?? 0,
    failed: answer.failedSuboperations ?? 0,
    warning: answer.warningSuboperations ?? 0,
    failedSopInstanceUids: list?.ok === true ? list.value.strings(tags.FailedSOPInstanceUIDList) : [],
  };
}

function refused({ status, command }: DimseResponse): GatewayError {
  // The comment may quote the patient: only its presence is told.
  return new GatewayError('QUERY_REFUSED', `the peer answered ${statusText(status)}`, { failure: 'permanent', context: { status: statusText(status), commented: command.errorComment !== undefined } });
}
