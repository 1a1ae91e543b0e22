import { type AsyncOperations, type ContextResult, contextResults, type ProposedContext, type RoleSelection } from './pdu.ts';

/** A presentation context both sides agreed on. */
export interface AcceptedContext {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntax: string;
  /** Roles of the association requestor for this SOP class; without role selection it is the SCU (PS3.7 §D.3.3.4). */
  readonly requestorIsScu: boolean;
  readonly requestorIsScp: boolean;
}

/** What an acceptor can do; asked once per proposed context. */
export interface ContextPolicy {
  supports(abstractSyntax: string): boolean;
  /** Picks one of the proposed transfer syntaxes, undefined when none can be used. */
  choose(abstractSyntax: string, proposed: readonly string[]): string | undefined;
  /** Roles the requestor may have for a SOP class. */
  roles(sopClassUid: string): { readonly scu: boolean; readonly scp: boolean };
}

export interface Negotiated {
  readonly results: readonly ContextResult[];
  readonly accepted: ReadonlyMap<number, AcceptedContext>;
  /** The answers to the role selections that were proposed for supported SOP classes. */
  readonly roles: readonly RoleSelection[];
}

/** Default transfer syntax, the one every sender can produce; PS3.5 §10.1. */
export const implicitVrLittleEndian = '1.2.840.10008.1.2';
export const explicitVrLittleEndian = '1.2.840.10008.1.2.1';

/** Answers each proposed presentation context (PS3.8 §9.3.3.2, Table 9-18) and each role selection (PS3.7 §D.3.3.4). */
export function negotiateContexts(proposed: readonly ProposedContext[], proposedRoles: readonly RoleSelection[], policy: ContextPolicy): Negotiated {
  const roles = answerRoles(proposedRoles, policy);
  const accepted = new Map<number, AcceptedContext>();
  const results = proposed.map((context): ContextResult => {
    // The syntax field is not significant in a refusal, but peers expect a UID there: the first one proposed goes back.
    const refusal = (result: number): ContextResult => ({ id: context.id, result, transferSyntax: context.transferSyntaxes[0] ?? implicitVrLittleEndian });
    if (!policy.supports(context.abstractSyntax)) return refusal(contextResults.abstractSyntaxNotSupported);
    const transferSyntax = policy.choose(context.abstractSyntax, context.transferSyntaxes);
    if (transferSyntax === undefined) return refusal(contextResults.transferSyntaxesNotSupported);
    const role = roles.get(context.abstractSyntax) ?? { scu: true, scp: false };
    // Both roles refused leaves nothing this context could be used for.
    if (!role.scu && !role.scp) return refusal(contextResults.userRejection);
    accepted.set(context.id, { id: context.id, abstractSyntax: context.abstractSyntax, transferSyntax, requestorIsScu: role.scu, requestorIsScp: role.scp });
    return { id: context.id, result: contextResults.acceptance, transferSyntax };
  });
  return { results, accepted, roles: [...roles.values()] };
}

/** The contexts an acceptor granted, seen from the requestor. Answers to contexts that were not proposed are dropped. */
export function grantedContexts(
  proposed: readonly ProposedContext[],
  answer: { readonly contexts: readonly ContextResult[]; readonly roles: readonly RoleSelection[] },
): ReadonlyMap<number, AcceptedContext> {
  const granted = new Map<number, AcceptedContext>();
  for (const { id, result, transferSyntax } of answer.contexts) {
    const context = proposed.find((candidate) => candidate.id === id);
    if (context === undefined || result !== contextResults.acceptance || !context.transferSyntaxes.includes(transferSyntax)) continue;
    const role = answer.roles.find((candidate) => candidate.sopClassUid === context.abstractSyntax);
    granted.set(id, {
      id,
      abstractSyntax: context.abstractSyntax,
      transferSyntax,
      requestorIsScu: role?.scu ?? true,
      requestorIsScp: role?.scp ?? false,
    });
  }
  return granted;
}

/**
 * The transfer syntax that keeps the sender's bytes: the first proposed one that is stored, Implicit VR Little Endian only when nothing
 * else fits. Senders hold it out as the fallback they convert to.
 */
export function preferSendersBytes(proposed: readonly string[], isStored: (uid: string) => boolean): string | undefined {
  const stored = proposed.filter(isStored);
  return stored.find((uid) => uid !== implicitVrLittleEndian) ?? stored[0];
}

/**
 * The asynchronous operations window we grant, PS3.7 §D.3.3.3: never more than was offered, 0 = unlimited. Undefined when the
 * requestor offered none: then one operation at a time each way.
 */
export function negotiateWindow(offered: AsyncOperations | undefined, ours: AsyncOperations): AsyncOperations | undefined {
  if (offered === undefined) return undefined;
  return { invoked: smaller(offered.invoked, ours.invoked), performed: smaller(offered.performed, ours.performed) };
}

function smaller(a: number, b: number): number {
  if (a === 0) return b;
  return b === 0 ? a : Math.min(a, b);
}

function answerRoles(proposed: readonly RoleSelection[], policy: ContextPolicy): Map<string, RoleSelection> {
  const answers = new Map<string, RoleSelection>();
  for (const { sopClassUid, scu, scp } of proposed) {
    if (!policy.supports(sopClassUid)) continue;
    const possible = policy.roles(sopClassUid);
    answers.set(sopClassUid, { sopClassUid, scu: scu && possible.scu, scp: scp && possible.scp });
  }
  return answers;
}
