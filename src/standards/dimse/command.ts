/** Command Field (0000,0100) of every DIMSE message, PS3.7 Annex E.1. A response is its request with the top bit set. */
export const commandFields = {
  cStoreRq: 0x0001,
  cStoreRsp: 0x8001,
  cGetRq: 0x0010,
  cGetRsp: 0x8010,
  cFindRq: 0x0020,
  cFindRsp: 0x8020,
  cMoveRq: 0x0021,
  cMoveRsp: 0x8021,
  cEchoRq: 0x0030,
  cEchoRsp: 0x8030,
  nEventReportRq: 0x0100,
  nEventReportRsp: 0x8100,
  nGetRq: 0x0110,
  nGetRsp: 0x8110,
  nSetRq: 0x0120,
  nSetRsp: 0x8120,
  nActionRq: 0x0130,
  nActionRsp: 0x8130,
  nCreateRq: 0x0140,
  nCreateRsp: 0x8140,
  nDeleteRq: 0x0150,
  nDeleteRsp: 0x8150,
  cCancelRq: 0x0fff,
} as const;

/** Priority (0000,0700), PS3.7 §9.1.1.1. */
export const priorities = { medium: 0, high: 1, low: 2 } as const;

/**
 * A DIMSE command set, PS3.7 §6.3 and Annex E. Optional fields are those a message may lack; which ones it must have is checked by
 * the decoder (identifiers) and by the service that reads it (the rest).
 */
export interface Command {
  readonly field: number;
  readonly affectedSopClassUid?: string;
  readonly requestedSopClassUid?: string;
  /** Requests but C-CANCEL. */
  readonly messageId?: number;
  /** Responses and C-CANCEL. */
  readonly messageIdRespondedTo?: number;
  readonly moveDestination?: string;
  readonly priority?: number;
  /** A data set follows on the same presentation context (Command Data Set Type is not 0101H). */
  readonly hasDataSet: boolean;
  readonly status?: number;
  readonly offendingElements?: readonly number[];
  /** At most 64 characters. Never patient data. */
  readonly errorComment?: string;
  readonly errorId?: number;
  readonly affectedSopInstanceUid?: string;
  readonly requestedSopInstanceUid?: string;
  readonly eventTypeId?: number;
  readonly attributeIdentifiers?: readonly number[];
  readonly actionTypeId?: number;
  readonly remainingSuboperations?: number;
  readonly completedSuboperations?: number;
  readonly failedSuboperations?: number;
  readonly warningSuboperations?: number;
  readonly moveOriginatorAe?: string;
  readonly moveOriginatorMessageId?: number;
}

export function isResponse(field: number): boolean {
  return (field & 0x8000) !== 0;
}

/** The fields of a response that its request decides: command field, message id, SOP class and instance (PS3.7 §9.3, §10.3). */
export function responseTo(request: Command): Command {
  const sopClassUid = request.affectedSopClassUid ?? request.requestedSopClassUid;
  const sopInstanceUid = request.affectedSopInstanceUid ?? request.requestedSopInstanceUid;
  return {
    field: request.field | 0x8000,
    ...(sopClassUid === undefined ? {} : { affectedSopClassUid: sopClassUid }),
    messageIdRespondedTo: request.messageId ?? 0,
    hasDataSet: false,
    ...(sopInstanceUid === undefined ? {} : { affectedSopInstanceUid: sopInstanceUid }),
  };
}
