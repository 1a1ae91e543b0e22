import { Buffer } from 'node:buffer';
import { fault, ok, type Result } from '../../foundation/result.ts';
import { type Command, commandFields, isResponse } from './command.ts';

type CommandKey = Exclude<keyof Command, 'field' | 'hasDataSet'> | 'field' | 'dataSetType';
type Form = 'uid' | 'us' | 'ae' | 'lo' | 'at';

/** Elements of group 0000 by element number, PS3.7 Annex E.1, in ascending order: that is the order on the wire. */
const elements: readonly (readonly [element: number, key: CommandKey, form: Form])[] = [
  [0x0002, 'affectedSopClassUid', 'uid'],
  [0x0003, 'requestedSopClassUid', 'uid'],
  [0x0100, 'field', 'us'],
  [0x0110, 'messageId', 'us'],
  [0x0120, 'messageIdRespondedTo', 'us'],
  [0x0600, 'moveDestination', 'ae'],
  [0x0700, 'priority', 'us'],
  [0x0800, 'dataSetType', 'us'],
  [0x0900, 'status', 'us'],
  [0x0901, 'offendingElements', 'at'],
  [0x0902, 'errorComment', 'lo'],
  [0x0903, 'errorId', 'us'],
  [0x1000, 'affectedSopInstanceUid', 'uid'],
  [0x1001, 'requestedSopInstanceUid', 'uid'],
  [0x1002, 'eventTypeId', 'us'],
  [0x1005, 'attributeIdentifiers', 'at'],
  [0x1008, 'actionTypeId', 'us'],
  [0x1020, 'remainingSuboperations', 'us'],
  [0x1021, 'completedSuboperations', 'us'],
  [0x1022, 'failedSuboperations', 'us'],
  [0x1023, 'warningSuboperations', 'us'],
  [0x1030, 'moveOriginatorAe', 'ae'],
  [0x1031, 'moveOriginatorMessageId', 'us'],
];

const byElement = new Map(elements.map(([element, key, form]) => [element, { key, form }]));

/** Command Data Set Type (0000,0800): 0101H = none follows, anything else = one does (PS3.7 §E.2). */
const noDataSet = 0x0101;
const withDataSet = 0x0001;

/** What is wrong with a command set, for the log. */
export interface CommandFault {
  readonly detail: string;
}

/**
 * Reads a command set, Implicit VR Little Endian (PS3.7 §6.3.1). Unknown and retired elements are skipped. Faults: an element outside
 * group 0000, a length that runs past the end, a number of the wrong size, a missing command field or message id.
 */
export function decodeCommand(bytes: Uint8Array): Result<Command, CommandFault> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const values: Partial<Record<CommandKey, string | number | readonly number[]>> = {};
  let at = 0;
  while (at < buffer.length) {
    if (at + 8 > buffer.length) return fault({ detail: 'the last element is cut' });
    if (buffer.readUInt16LE(at) !== 0) return fault({ detail: 'an element is not in group 0000' });
    const known = byElement.get(buffer.readUInt16LE(at + 2));
    const start = at + 8;
    at = start + buffer.readUInt32LE(at + 4);
    if (at > buffer.length) return fault({ detail: 'an element is longer than the command set' });
    if (known === undefined) continue;
    const value = readValue(buffer, start, at, known.form);
    if (value === undefined) return fault({ detail: `${known.key} has a wrong length` });
    values[known.key] = value;
  }
  return complete(values);
}

/** Encodes a command set with its group length, ready for the fragments. */
export function encodeCommand(command: Command): Uint8Array {
  const buffer = Buffer.allocUnsafe(encodedLength(command));
  let at = putElement(buffer, 0, 0x0000, 4);
  buffer.writeUInt32LE(buffer.length - 12, 8);
  at = 12;
  for (const [element, key, form] of elements) {
    if (key === 'dataSetType') at = putNumber(buffer, at, element, command.hasDataSet ? withDataSet : noDataSet);
    else if (command[key] !== undefined) at = putValue(buffer, at, element, form, command[key]);
  }
  return buffer;
}

function readValue(buffer: Buffer, start: number, end: number, form: Form): string | number | readonly number[] | undefined {
  if (form === 'us') return end - start === 2 ? buffer.readUInt16LE(start) : undefined;
  if (form !== 'at') return text(buffer, start, end);
  const tags: number[] = [];
  for (let at = start; at + 4 <= end; at += 4) tags.push(((buffer.readUInt16LE(at) << 16) | buffer.readUInt16LE(at + 2)) >>> 0);
  return tags;
}

function text(buffer: Buffer, start: number, end: number): string {
  // UIDs are padded with NUL, AE titles and text with spaces, some senders mix them up; leading spaces are not significant in AE.
  while (end > start && isPadding(buffer[end - 1]!)) end -= 1;
  while (start < end && buffer[start] === 0x20) start += 1;
  return buffer.toString('latin1', start, end);
}

function isPadding(byte: number): boolean {
  return byte === 0 || byte === 0x20;
}

function complete(values: Partial<Record<CommandKey, string | number | readonly number[]>>): Result<Command, CommandFault> {
  const { field, dataSetType } = values;
  if (typeof field !== 'number') return fault({ detail: 'the command field is missing' });
  const identifier = isResponse(field) || field === commandFields.cCancelRq ? values.messageIdRespondedTo : values.messageId;
  if (identifier === undefined) return fault({ detail: 'the message id is missing' });
  delete values.dataSetType;
  // A missing data set type is read as "none": guessing the other way would wait for a data set that never comes.
  return ok({ ...values, field, hasDataSet: dataSetType !== undefined && dataSetType !== noDataSet } as Command);
}

function encodedLength(command: Command): number {
  // Group length, then the data set type that every message has.
  let length = 12 + 10;
  for (const [, key, form] of elements) {
    if (key === 'dataSetType') continue;
    const value = command[key];
    if (value !== undefined) length += 8 + valueLength(form, value);
  }
  return length;
}

function valueLength(form: Form, value: string | number | readonly number[]): number {
  if (form === 'us') return 2;
  if (form === 'at') return (value as readonly number[]).length * 4;
  const { length } = value as string;
  return length + (length & 1);
}

function putElement(buffer: Buffer, at: number, element: number, length: number): number {
  buffer.writeUInt16LE(0, at);
  buffer.writeUInt16LE(element, at + 2);
  buffer.writeUInt32LE(length, at + 4);
  return at + 8;
}

function putNumber(buffer: Buffer, at: number, element: number, value: number): number {
  return buffer.writeUInt16LE(value, putElement(buffer, at, element, 2));
}

function putValue(buffer: Buffer, at: number, element: number, form: Form, value: string | number | readonly number[]): number {
  if (form === 'us') return putNumber(buffer, at, element, value as number);
  const length = valueLength(form, value);
  let to = putElement(buffer, at, element, length);
  if (form === 'at') {
    for (const tag of value as readonly number[]) to = buffer.writeUInt16LE(tag & 0xffff, buffer.writeUInt16LE(tag >>> 16, to));
    return to;
  }
  to += buffer.write(value as string, to, 'latin1');
  if (((value as string).length & 1) === 1) buffer[to++] = form === 'uid' ? 0 : 0x20;
  return to;
}
