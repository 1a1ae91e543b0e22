import { fault, ok, type Result } from '../../foundation/result.ts';
import {
  abortReasons,
  type CommonExtendedNegotiation,
  type ExtendedNegotiation,
  type PduFault,
  type RoleSelection,
  type UnknownItem,
  type UserIdentity,
  type UserInformation,
} from './pdu.ts';
import { ascii, be16, be32, counted, item, type Item, readItems, textItem, uidOf, uint16, uint32, withCount } from './pdu-items.ts';

/** Types of the sub-items, PS3.8 Annex D.1 and PS3.7 §D.3.3. */
const subItems = {
  maxLength: 0x51,
  implementationClassUid: 0x52,
  asyncOperations: 0x53,
  role: 0x54,
  implementationVersionName: 0x55,
  extended: 0x56,
  commonExtended: 0x57,
  userIdentity: 0x58,
  userIdentityResponse: 0x59,
} as const;

/**
 * Reads the value of a User Information item. Sub-items of unknown type are kept and never an error (PS3.7 §D.3.3);
 * a known one that is too short, or lengths that do not add up, are a fault.
 */
export function decodeUserInformation(bytes: Uint8Array): Result<UserInformation, PduFault> {
  const items = readItems(bytes);
  if (items === undefined) return malformed('user information: lengths do not add up');
  const user: Draft = { roles: [], extended: [], commonExtended: [], unknown: [] };
  for (const subItem of items) {
    if (!takeSubItem(user, subItem)) return malformed(`user information: sub-item ${subItem.itemType.toString(16)} is malformed`);
  }
  return ok(user);
}

/** Encodes the value of a User Information item. */
export function encodeUserInformation(user: UserInformation): Uint8Array[] {
  const parts: Uint8Array[] = [];
  if (user.maxLength !== undefined) parts.push(item(subItems.maxLength, be32(user.maxLength)));
  if (user.implementationClassUid !== undefined) parts.push(textItem(subItems.implementationClassUid, user.implementationClassUid));
  if (user.asyncOperations !== undefined) {
    parts.push(item(subItems.asyncOperations, be16(user.asyncOperations.invoked), be16(user.asyncOperations.performed)));
  }
  for (const role of user.roles ?? []) {
    parts.push(item(subItems.role, withCount(ascii(role.sopClassUid)), Uint8Array.of(role.scu ? 1 : 0, role.scp ? 1 : 0)));
  }
  if (user.implementationVersionName !== undefined) parts.push(textItem(subItems.implementationVersionName, user.implementationVersionName));
  for (const extended of user.extended ?? []) parts.push(item(subItems.extended, withCount(ascii(extended.sopClassUid)), extended.bytes));
  for (const extended of user.commonExtended ?? []) parts.push(encodeCommonExtended(extended));
  if (user.userIdentity !== undefined) parts.push(encodeIdentity(user.userIdentity));
  if (user.userIdentityResponse !== undefined) parts.push(item(subItems.userIdentityResponse, withCount(user.userIdentityResponse)));
  for (const unknown of user.unknown ?? []) parts.push(item(unknown.itemType, unknown.bytes));
  return parts;
}

type Draft = {
  -readonly [Key in keyof UserInformation]: UserInformation[Key];
} & { roles: RoleSelection[]; extended: ExtendedNegotiation[]; commonExtended: CommonExtendedNegotiation[]; unknown: UnknownItem[] };

function takeSubItem(user: Draft, { itemType, bytes }: Item): boolean {
  switch (itemType) {
    case subItems.maxLength:
      if (bytes.length !== 4) return false;
      user.maxLength = uint32(bytes, 0);
      // A limit below eight bytes cannot carry a single fragment of two bytes (PS3.8 §9.3.5.1: six bytes of PDV header).
      return user.maxLength === 0 || user.maxLength >= 8;
    case subItems.implementationClassUid:
      user.implementationClassUid = uidOf(bytes);
      return true;
    case subItems.implementationVersionName:
      user.implementationVersionName = uidOf(bytes);
      return true;
    case subItems.asyncOperations:
      if (bytes.length !== 4) return false;
      user.asyncOperations = { invoked: uint16(bytes, 0), performed: uint16(bytes, 2) };
      return true;
    case subItems.role:
      return takeRole(user, bytes);
    case subItems.extended:
      return takeExtended(user, bytes);
    case subItems.commonExtended:
      return takeCommonExtended(user, bytes);
    case subItems.userIdentity:
      return takeIdentity(user, bytes);
    case subItems.userIdentityResponse:
      user.userIdentityResponse = counted(bytes, 0)?.value;
      return user.userIdentityResponse !== undefined;
    default:
      user.unknown.push({ itemType, bytes });
      return true;
  }
}

function takeRole(user: Draft, bytes: Uint8Array): boolean {
  const uid = counted(bytes, 0);
  if (uid === undefined || bytes.length < uid.next + 2) return false;
  user.roles.push({ sopClassUid: uidOf(uid.value), scu: bytes[uid.next] === 1, scp: bytes[uid.next + 1] === 1 });
  return true;
}

function takeExtended(user: Draft, bytes: Uint8Array): boolean {
  const uid = counted(bytes, 0);
  if (uid === undefined) return false;
  user.extended.push({ sopClassUid: uidOf(uid.value), bytes: bytes.subarray(uid.next) });
  return true;
}

function takeCommonExtended(user: Draft, bytes: Uint8Array): boolean {
  const sopClass = counted(bytes, 0);
  const serviceClass = sopClass && counted(bytes, sopClass.next);
  const related = serviceClass && counted(bytes, serviceClass.next);
  if (related === undefined) return false;
  const uids: string[] = [];
  for (let at = 0; at < related.value.length; ) {
    const uid = counted(related.value, at);
    if (uid === undefined) return false;
    uids.push(uidOf(uid.value));
    at = uid.next;
  }
  user.commonExtended.push({ sopClassUid: uidOf(sopClass!.value), serviceClassUid: uidOf(serviceClass!.value), relatedGeneralSopClassUids: uids });
  return true;
}

function takeIdentity(user: Draft, bytes: Uint8Array): boolean {
  const primary = bytes.length < 2 ? undefined : counted(bytes, 2);
  const secondary = primary && counted(bytes, primary.next);
  if (secondary === undefined) return false;
  user.userIdentity = { kind: bytes[0]!, responseRequested: bytes[1] === 1, primary: primary!.value, secondary: secondary.value };
  return true;
}

function encodeIdentity(identity: UserIdentity): Uint8Array {
  const head = Uint8Array.of(identity.kind, identity.responseRequested ? 1 : 0);
  return item(subItems.userIdentity, head, withCount(identity.primary), withCount(identity.secondary));
}

function encodeCommonExtended(extended: CommonExtendedNegotiation): Uint8Array {
  const related = item(0, ...extended.relatedGeneralSopClassUids.map((uid) => withCount(ascii(uid)))).subarray(2);
  return item(subItems.commonExtended, withCount(ascii(extended.sopClassUid)), withCount(ascii(extended.serviceClassUid)), related);
}

function malformed(detail: string): Result<never, PduFault> {
  return fault({ reason: abortReasons.invalidParameterValue, detail });
}
