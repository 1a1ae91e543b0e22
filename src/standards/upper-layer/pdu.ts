/** The protocol data units of the DICOM Upper Layer as values, PS3.8 §9.3. P-DATA-TF is missing on purpose: it is never held as a whole. */
export type ControlPdu = AssociateRq | AssociateAc | AssociateRj | ReleaseRq | ReleaseRp | Abort;

/** First byte of each PDU, PS3.8 §9.3.1. */
export const pduTypes = { associateRq: 1, associateAc: 2, associateRj: 3, pData: 4, releaseRq: 5, releaseRp: 6, abort: 7 } as const;

/** A-ASSOCIATE-RQ, PS3.8 §9.3.2. AE titles come without their padding. */
export interface AssociateRq {
  readonly type: 'associate-rq';
  /** Bit field; bit 0 = version 1, the only one there is. */
  readonly protocolVersion: number;
  readonly calledAe: string;
  readonly callingAe: string;
  /** Empty when the item is missing; admission then rejects with the reason for it. */
  readonly applicationContext: string;
  readonly contexts: readonly ProposedContext[];
  readonly user: UserInformation;
}

/** A-ASSOCIATE-AC, PS3.8 §9.3.3. The titles are those of the request, sent back. */
export interface AssociateAc {
  readonly type: 'associate-ac';
  readonly protocolVersion: number;
  readonly calledAe: string;
  readonly callingAe: string;
  readonly applicationContext: string;
  readonly contexts: readonly ContextResult[];
  readonly user: UserInformation;
}

/** A-ASSOCIATE-RJ, PS3.8 §9.3.4, Table 9-21. */
export interface AssociateRj {
  readonly type: 'associate-rj';
  /** 1 = rejected-permanent, 2 = rejected-transient. */
  readonly result: number;
  /** 1 = service-user, 2 = service-provider (ACSE), 3 = service-provider (presentation). */
  readonly source: number;
  readonly reason: number;
}

export interface ReleaseRq {
  readonly type: 'release-rq';
}

export interface ReleaseRp {
  readonly type: 'release-rp';
}

/** A-ABORT, PS3.8 §9.3.8, Table 9-26. */
export interface Abort {
  readonly type: 'abort';
  /** 0 = service-user, 2 = service-provider. */
  readonly source: number;
  readonly reason: number;
}

export interface ProposedContext {
  /** Odd, 1–255. */
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
}

export interface ContextResult {
  readonly id: number;
  /** See `contextResults`. */
  readonly result: number;
  /** Of no meaning unless the result is acceptance. */
  readonly transferSyntax: string;
}

/** Result/Reason of a presentation context, PS3.8 Table 9-18. */
export const contextResults = { acceptance: 0, userRejection: 1, noReason: 2, abstractSyntaxNotSupported: 3, transferSyntaxesNotSupported: 4 } as const;

/** The User Information item, PS3.8 Annex D.1 and PS3.7 Annex D.3.3. */
export interface UserInformation {
  /** Longest P-DATA-TF body the sender of this item can take, bytes without the six header bytes; 0 = any. Undefined when not said. */
  readonly maxLength?: number | undefined;
  readonly implementationClassUid?: string | undefined;
  readonly implementationVersionName?: string | undefined;
  readonly asyncOperations?: AsyncOperations | undefined;
  readonly roles?: readonly RoleSelection[] | undefined;
  readonly extended?: readonly ExtendedNegotiation[] | undefined;
  readonly commonExtended?: readonly CommonExtendedNegotiation[] | undefined;
  readonly userIdentity?: UserIdentity | undefined;
  /** The server's answer to a user identity (AC only). */
  readonly userIdentityResponse?: Uint8Array | undefined;
  /** Sub-items of types this code does not know, as received. */
  readonly unknown?: readonly UnknownItem[] | undefined;
}

/** Outstanding operations as the association requestor sees them; 0 = unlimited. PS3.7 §D.3.3.3. */
export interface AsyncOperations {
  readonly invoked: number;
  readonly performed: number;
}

/** Which roles the association requestor may play for a SOP class, PS3.7 §D.3.3.4. */
export interface RoleSelection {
  readonly sopClassUid: string;
  readonly scu: boolean;
  readonly scp: boolean;
}

/** SOP Class Extended Negotiation, PS3.7 §D.3.3.5; what the bytes mean is for the service class. */
export interface ExtendedNegotiation {
  readonly sopClassUid: string;
  readonly bytes: Uint8Array;
}

/** SOP Class Common Extended Negotiation, PS3.7 §D.3.3.6. */
export interface CommonExtendedNegotiation {
  readonly sopClassUid: string;
  readonly serviceClassUid: string;
  readonly relatedGeneralSopClassUids: readonly string[];
}

/** User Identity, PS3.7 §D.3.3.7. Secrets: never log the fields. */
export interface UserIdentity {
  /** 1 = user name, 2 = user name and passcode, 3 = Kerberos, 4 = SAML, 5 = JSON Web Token. */
  readonly kind: number;
  readonly responseRequested: boolean;
  readonly primary: Uint8Array;
  readonly secondary: Uint8Array;
}

export interface UnknownItem {
  readonly itemType: number;
  readonly bytes: Uint8Array;
}

/** What is wrong with received bytes. `reason` is what an A-ABORT of the service provider says, `detail` is for the log. */
export interface PduFault {
  readonly reason: number;
  readonly detail: string;
}

/** Reason field of an A-ABORT whose source is the service-provider, PS3.8 Table 9-26. */
export const abortReasons = { notSpecified: 0, unrecognizedPdu: 1, unexpectedPdu: 2, unrecognizedParameter: 4, unexpectedParameter: 5, invalidParameterValue: 6 } as const;

/** The only application context of DICOM, PS3.7 §A.2.1. */
export const dicomApplicationContext = '1.2.840.10008.3.1.1.1';
