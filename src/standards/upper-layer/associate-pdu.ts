import { fault, ok, type Result } from '../../foundation/result.ts';
import { abortReasons, type AssociateAc, type AssociateRq, type ContextResult, type PduFault, type ProposedContext, type UserInformation } from './pdu.ts';
import { aeTitleBytes, aeTitleOf, be16, item, type Item, readItems, textItem, uidOf, uint16 } from './pdu-items.ts';
import { decodeUserInformation, encodeUserInformation } from './user-information.ts';

/** Types of the variable items, PS3.8 §9.3.2 and §9.3.3. */
const itemTypes = { applicationContext: 0x10, proposedContext: 0x20, contextResult: 0x21, abstractSyntax: 0x30, transferSyntax: 0x40, userInformation: 0x50 } as const;

/** Version, reserved, two titles, 32 reserved bytes. */
const fixedLength = 68;

/** Reads the body (without the six header bytes) of an A-ASSOCIATE-RQ, PS3.8 §9.3.2. Unknown items are ignored. */
export function decodeAssociateRq(body: Uint8Array): Result<AssociateRq, PduFault> {
  const parts = split(body);
  if (!parts.ok) return parts;
  const contexts: ProposedContext[] = [];
  for (const { itemType, bytes } of parts.value.items) {
    if (itemType !== itemTypes.proposedContext) continue;
    const context = decodeProposedContext(bytes);
    if (context === undefined) return malformed('a proposed presentation context is malformed');
    if (contexts.some((other) => other.id === context.id)) return malformed('a presentation context id occurs twice');
    contexts.push(context);
  }
  const { items: _items, ...head } = parts.value;
  return ok({ type: 'associate-rq', ...head, contexts });
}

/** Reads the body of an A-ASSOCIATE-AC, PS3.8 §9.3.3. */
export function decodeAssociateAc(body: Uint8Array): Result<AssociateAc, PduFault> {
  const parts = split(body);
  if (!parts.ok) return parts;
  const contexts: ContextResult[] = [];
  for (const { itemType, bytes } of parts.value.items) {
    if (itemType !== itemTypes.contextResult) continue;
    const context = decodeContextResult(bytes);
    if (context === undefined) return malformed('a presentation context result is malformed');
    contexts.push(context);
  }
  const { items: _items, ...head } = parts.value;
  return ok({ type: 'associate-ac', ...head, contexts });
}

/** Encodes the body of an A-ASSOCIATE-RQ or -AC. */
export function encodeAssociate(pdu: AssociateRq | AssociateAc): Uint8Array[] {
  const contexts = pdu.type === 'associate-rq' ? pdu.contexts.map(encodeProposedContext) : pdu.contexts.map(encodeContextResult);
  return [
    be16(pdu.protocolVersion),
    new Uint8Array(2),
    aeTitleBytes(pdu.calledAe),
    aeTitleBytes(pdu.callingAe),
    new Uint8Array(32),
    textItem(itemTypes.applicationContext, pdu.applicationContext),
    ...contexts,
    item(itemTypes.userInformation, ...encodeUserInformation(pdu.user)),
  ];
}

interface Parts {
  readonly protocolVersion: number;
  readonly calledAe: string;
  readonly callingAe: string;
  readonly applicationContext: string;
  readonly user: UserInformation;
  readonly items: readonly Item[];
}

function split(body: Uint8Array): Result<Parts, PduFault> {
  if (body.length < fixedLength) return malformed('the PDU is shorter than its fixed fields');
  const items = readItems(body.subarray(fixedLength));
  if (items === undefined) return malformed('item lengths do not add up');
  const user = decodeUserInformation(items.find((entry) => entry.itemType === itemTypes.userInformation)?.bytes ?? new Uint8Array(0));
  if (!user.ok) return user;
  const applicationContext = items.find((entry) => entry.itemType === itemTypes.applicationContext);
  return ok({
    protocolVersion: uint16(body, 0),
    calledAe: aeTitleOf(body.subarray(4, 20)),
    callingAe: aeTitleOf(body.subarray(20, 36)),
    applicationContext: applicationContext === undefined ? '' : uidOf(applicationContext.bytes),
    user: user.value,
    items,
  });
}

function decodeProposedContext(bytes: Uint8Array): ProposedContext | undefined {
  const items = bytes.length < 4 ? undefined : readItems(bytes.subarray(4));
  const abstractSyntax = items?.find((entry) => entry.itemType === itemTypes.abstractSyntax);
  // PS3.8 §9.3.2.2: ids are odd integers between 1 and 255.
  if (items === undefined || abstractSyntax === undefined || (bytes[0]! & 1) === 0) return undefined;
  const transferSyntaxes = items.filter((entry) => entry.itemType === itemTypes.transferSyntax).map((entry) => uidOf(entry.bytes));
  return { id: bytes[0]!, abstractSyntax: uidOf(abstractSyntax.bytes), transferSyntaxes };
}

function decodeContextResult(bytes: Uint8Array): ContextResult | undefined {
  const items = bytes.length < 4 ? undefined : readItems(bytes.subarray(4));
  if (items === undefined) return undefined;
  const transferSyntax = items.find((entry) => entry.itemType === itemTypes.transferSyntax);
  // PS3.8 §9.3.3.2: the transfer syntax is to be there, but is not significant when the result is not acceptance; some peers leave it out.
  return { id: bytes[0]!, result: bytes[2]!, transferSyntax: transferSyntax === undefined ? '' : uidOf(transferSyntax.bytes) };
}

function encodeProposedContext(context: ProposedContext): Uint8Array {
  const syntaxes = context.transferSyntaxes.map((uid) => textItem(itemTypes.transferSyntax, uid));
  return item(itemTypes.proposedContext, Uint8Array.of(context.id, 0, 0, 0), textItem(itemTypes.abstractSyntax, context.abstractSyntax), ...syntaxes);
}

function encodeContextResult(context: ContextResult): Uint8Array {
  return item(itemTypes.contextResult, Uint8Array.of(context.id, 0, context.result, 0), textItem(itemTypes.transferSyntax, context.transferSyntax));
}

function malformed(detail: string): Result<never, PduFault> {
  return fault({ reason: abortReasons.invalidParameterValue, detail });
}
