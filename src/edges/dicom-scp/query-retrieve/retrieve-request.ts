import { asGatewayError } from '../../../foundation/errors.ts';
import type { Log } from '../../../foundation/log.ts';
import { fault } from '../../../foundation/result.ts';
import { statuses } from '../../../standards/dimse/statuses.ts';
import type { Database } from '../../../store/database.ts';
import type { RetrieveKeys } from '../../../store/retrieval.ts';
import type { SegmentReader } from '../../../store/segments/segment-reader.ts';
import type { DimseRequest } from '../../../transport/dicom/dimse-service.ts';
import type { RightsOf } from '../ae-rights.ts';
import { readIdentifier } from './query-model.ts';
import { retrieveKeysOf } from './retrieve-keys.ts';

export interface RetrieveScpOptions {
  readonly database: Database;
  readonly segments: SegmentReader;
  readonly log: Log;
  readonly rightsOf: RightsOf;
  /** Answers a request that the world failed. */
  failed(service: string, request: DimseRequest, thrown: unknown): void;
}

/** What a C-GET or C-MOVE asks for; undefined when it was refused (and answered). */
export async function readRetrieve(options: Pick<RetrieveScpOptions, 'rightsOf'>, request: DimseRequest, bytes: Uint8Array | undefined): Promise<RetrieveKeys | undefined> {
  const { callingAe } = request.association.facts;
  const { mayQuery } = options.rightsOf(callingAe);
  if (mayQuery === 'none') {
    await request.respond({ status: statuses.notAuthorized, errorComment: 'this AE may not retrieve' });
    return undefined;
  }
  const identifier = bytes === undefined ? fault({ comment: 'the identifier is too long' }) : readIdentifier(bytes, request.context.transferSyntax, request.context.abstractSyntax);
  const keys = identifier.ok ? retrieveKeysOf(identifier.value) : identifier;
  if (keys.ok) return mayQuery === 'own' ? { ...keys.value, sentBy: callingAe } : keys.value;
  await request.respond({ status: statuses.identifierMismatch, errorComment: keys.fault.comment.slice(0, 64) });
  return undefined;
}

/** Logs what went wrong and ends the operation with C000. */
export function answerFailure(log: Log, service: string, request: DimseRequest, thrown: unknown): void {
  const error = asGatewayError(thrown);
  log.warn(`${service}.failed`, { code: error.code, message: error.message, ...error.context });
  void request.respond({ status: statuses.unableToProcess, errorComment: 'the archive does not answer' });
}
