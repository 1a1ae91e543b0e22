import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Command, commandFields, isResponse, responseTo } from '../../../src/standards/dimse/command.ts';
import { decodeCommand, encodeCommand } from '../../../src/standards/dimse/command-codec.ts';

const sop = { affectedSopClassUid: '1.2.840.10008.5.1.4.1.1.2', affectedSopInstanceUid: '1.2.3.4.5' };
const requested = { requestedSopClassUid: '1.2.840.10008.3.1.2.3.3', requestedSopInstanceUid: '1.2.3.4' };
const answered = { messageIdRespondedTo: 7, status: 0 };

/** One example of every message of PS3.7 §9.3 and §10.3. */
const messages: Readonly<Record<keyof typeof commandFields, Omit<Command, 'field'>>> = {
  cStoreRq: { ...sop, messageId: 7, priority: 2, hasDataSet: true, moveOriginatorAe: 'MOVER', moveOriginatorMessageId: 3 },
  cStoreRsp: { ...sop, ...answered, status: 0xa900, hasDataSet: false, offendingElements: [0x00080016, 0x7fe00010], errorComment: 'no match' },
  cGetRq: { affectedSopClassUid: '1.2', messageId: 7, priority: 0, hasDataSet: true },
  cGetRsp: { affectedSopClassUid: '1.2', ...answered, status: 0xff00, hasDataSet: false, remainingSuboperations: 3, completedSuboperations: 2, failedSuboperations: 1, warningSuboperations: 0 },
  cFindRq: { affectedSopClassUid: '1.2', messageId: 7, priority: 1, hasDataSet: true },
  cFindRsp: { affectedSopClassUid: '1.2', ...answered, status: 0xff00, hasDataSet: true },
  cMoveRq: { affectedSopClassUid: '1.2', messageId: 7, priority: 0, hasDataSet: true, moveDestination: 'ARCHIVE' },
  cMoveRsp: { affectedSopClassUid: '1.2', ...answered, hasDataSet: true, remainingSuboperations: 0 },
  cEchoRq: { affectedSopClassUid: '1.2.840.10008.1.1', messageId: 65_535, hasDataSet: false },
  cEchoRsp: { affectedSopClassUid: '1.2.840.10008.1.1', ...answered, hasDataSet: false },
  nEventReportRq: { ...sop, messageId: 7, eventTypeId: 2, hasDataSet: true },
  nEventReportRsp: { ...sop, ...answered, eventTypeId: 2, hasDataSet: false },
  nGetRq: { ...requested, messageId: 7, hasDataSet: false, attributeIdentifiers: [0x00400252, 0x00100010] },
  nGetRsp: { ...sop, ...answered, hasDataSet: true },
  nSetRq: { ...requested, messageId: 7, hasDataSet: true },
  nSetRsp: { ...sop, ...answered, hasDataSet: false },
  nActionRq: { ...requested, messageId: 7, actionTypeId: 1, hasDataSet: true },
  nActionRsp: { ...sop, ...answered, actionTypeId: 1, hasDataSet: false },
  nCreateRq: { ...sop, messageId: 7, hasDataSet: true },
  nCreateRsp: { ...sop, ...answered, status: 0x0110, errorId: 0xa710, hasDataSet: false },
  nDeleteRq: { ...requested, messageId: 7, hasDataSet: false },
  nDeleteRsp: { ...sop, ...answered, hasDataSet: false },
  cCancelRq: { messageIdRespondedTo: 7, hasDataSet: false },
};

const u16 = (value: number): number[] => [value & 0xff, value >>> 8];
const element = (number: number, ...value: number[]): number[] => [0, 0, ...u16(number), value.length, 0, 0, 0, ...value];

suite('command sets', () => {
  for (const [name, fields] of Object.entries(messages)) {
    test(`${name} survives encoding and decoding  [PS3.7 §9.3, §10.3]`, () => {
      const command: Command = { field: commandFields[name as keyof typeof commandFields], ...fields };

      assert.deepEqual(decodeCommand(encodeCommand(command)), { ok: true, value: command });
    });
  }

  test('C-ECHO-RQ is, byte for byte, what DCMTK sends but for its choice of a data set type  [PS3.7 §6.3.1]', () => {
    const bytes = encodeCommand({ field: commandFields.cEchoRq, affectedSopClassUid: '1.2.840.10008.1.1', messageId: 1, hasDataSet: false });

    assert.equal(
      Buffer.from(bytes).toString('hex'),
      '0000000004000000380000000000020012000000312e322e3834302e31303030382e312e3100000000010200000030000000100102000000010000000008020000000101',
    );
  });

  test('elements go out in ascending order, with even lengths, behind the group length  [PS3.5 §7.1, PS3.7 §6.3.1]', () => {
    const bytes = Buffer.from(encodeCommand({ field: commandFields.cStoreRsp, ...messages.cStoreRsp }));

    let at = 12;
    let last = 0;
    assert.equal(bytes.readUInt32LE(8), bytes.length - 12);
    while (at < bytes.length) {
      const number = bytes.readUInt16LE(at + 2);
      const length = bytes.readUInt32LE(at + 4);
      assert.ok(number > last && length % 2 === 0);
      last = number;
      at += 8 + length;
    }
    assert.equal(at, bytes.length);
  });

  test('unknown elements are skipped, padding of either kind is taken off', () => {
    const bytes = Uint8Array.from([
      ...element(0x0000, 0, 0, 0, 0), ...element(0x0001, 9, 9, 9, 9), ...element(0x0002, 49, 46, 50, 32), ...element(0x0100, 0x30, 0), ...element(0x0110, 1, 0), ...element(0x5110, 1, 2),
    ]);

    assert.deepEqual(decodeCommand(bytes), { ok: true, value: { affectedSopClassUid: '1.2', field: 0x30, messageId: 1, hasDataSet: false } });
  });

  for (const [what, bytes] of [
    ['an element that is longer than the command set', [...element(0x0100, 0x30, 0), 0, 0, 2, 0, 255, 255, 255, 255]],
    ['a cut element', [...element(0x0100, 0x30, 0), 0, 0, 2]],
    ['an element of another group', [8, 0, 0x16, 0, 0, 0, 0, 0]],
    ['no command field', element(0x0110, 1, 0)],
    ['no message id', element(0x0100, 0x30, 0)],
    ['a response that does not say to what', [...element(0x0100, 0x30, 0x80), ...element(0x0110, 1, 0)]],
    ['a command field of four bytes', element(0x0100, 0x30, 0, 0, 0)],
    ['nothing', []],
  ] as const) {
    test(`${what} is a fault`, () => {
      assert.equal(decodeCommand(Uint8Array.from(bytes)).ok, false);
    });
  }

  test('random bytes are a command or a fault, never a throw', () => {
    const nearly = fc.array(fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.constantFrom(...[0x100, 0x110, 0x800, 0x901, 0x1000].map((number) => Uint8Array.from(element(number, 1, 0))))), { maxLength: 12 });
    fc.assert(
      fc.property(nearly, (parts) => {
        assert.equal(typeof decodeCommand(Buffer.concat(parts)).ok, 'boolean');
      }),
      { numRuns: 500 },
    );
  });

  test('a response takes over what its request decides', () => {
    const response = responseTo({ field: commandFields.nSetRq, ...messages.nSetRq });

    assert.deepEqual(response, { field: commandFields.nSetRsp, affectedSopClassUid: requested.requestedSopClassUid, messageIdRespondedTo: 7, hasDataSet: false, affectedSopInstanceUid: requested.requestedSopInstanceUid });
    assert.equal(isResponse(response.field), true);
    assert.equal(isResponse(commandFields.cCancelRq), false);
  });
});
