import type { AssociateRq, UserIdentity } from '../../standards/upper-layer/pdu.ts';
import { type Rejection, rejections } from '../../standards/upper-layer/reject-reasons.ts';
import type { PeerCertificate, PeerFacts } from '../../transport/dicom/dimse-service.ts';
import type { Admission } from '../../transport/dicom/served-association.ts';

/** Who may call us. */
export interface AdmissionPolicy {
  /** AE titles we answer to. */
  readonly aeTitles: readonly string[];
  readonly acceptUnknownCallers: boolean;
  readonly peers: readonly KnownCaller[];
  /** Checks the user identity of an A-ASSOCIATE-RQ (PS3.7 §D.3.3.7); without it an identity is taken note of and not checked. */
  authorise?(identity: UserIdentity, callingAe: string): Promise<UserDecision>;
}

export interface KnownCaller {
  readonly aeTitle: string;
  /** Addresses it may call from; any when left out. */
  readonly addresses?: readonly string[];
  /** The certificate this title is bound to; a caller that shows another one, or none, is not this peer. */
  readonly certificate?: CertificateBinding;
}

export interface CertificateBinding {
  /** SHA-256 of the certificate, hexadecimal; colons and case do not matter. */
  readonly fingerprint256?: string;
  readonly commonName?: string;
}

export type UserDecision = { readonly allowed: false } | { readonly allowed: true; readonly serverResponse?: Uint8Array };

/** Decides about an A-ASSOCIATE-RQ. The reason in the rejection is the true one (PS3.8 Table 9-21). */
export async function admit(policy: AdmissionPolicy, request: AssociateRq, peer: PeerFacts): Promise<Admission> {
  if (!policy.aeTitles.includes(request.calledAe)) return rejected(rejections.calledAe);
  const caller = policy.peers.find((known) => known.aeTitle === request.callingAe);
  if (caller === undefined ? !policy.acceptUnknownCallers : !isReally(caller, peer)) return rejected(rejections.callingAe);
  return admitUser(policy, request);
}

async function admitUser(policy: AdmissionPolicy, request: AssociateRq): Promise<Admission> {
  const identity = request.user.userIdentity;
  if (identity === undefined || policy.authorise === undefined) return { kind: 'accept' };
  const decision = await policy.authorise(identity, request.callingAe);
  // PS3.7 §D.3.3.7: refusing an identity has no reason of its own.
  if (!decision.allowed) return rejected(rejections.noReason);
  const answers = identity.responseRequested && decision.serverResponse !== undefined;
  return answers ? { kind: 'accept', userIdentityResponse: decision.serverResponse } : { kind: 'accept' };
}

function isReally(caller: KnownCaller, peer: PeerFacts): boolean {
  const { addresses, certificate } = caller;
  if (addresses !== undefined && !addresses.includes(peer.address.replace(/^::ffff:/, ''))) return false;
  return certificate === undefined || isBound(certificate, peer.certificate);
}

function isBound(binding: CertificateBinding, shown: PeerCertificate | undefined): boolean {
  if (shown === undefined) return false;
  if (binding.commonName !== undefined && binding.commonName !== shown.commonName) return false;
  return binding.fingerprint256 === undefined || plainHex(binding.fingerprint256) === plainHex(shown.fingerprint256);
}

function plainHex(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

function rejected(rejection: Rejection): Admission {
  return { kind: 'reject', rejection };
}
