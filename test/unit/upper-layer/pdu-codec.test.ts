import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AssociateAc, AssociateRq, ControlPdu, PduFault, UserInformation } from '../../../src/standards/upper-layer/pdu.ts';
import { PduDecoder } from '../../../src/standards/upper-layer/pdu-decoder.ts';
import { encodePdu, fragmentLimit, writePDataHeader } from '../../../src/standards/upper-layer/pdu-encoder.ts';
import { pduFixture, pduFixtures } from '../../support/dimse-fixtures.ts';
import { pduOf, requestPdu } from '../../support/dimse-raw-peer.ts';

interface Decoded {
  readonly pdus: ControlPdu[];
  readonly faults: PduFault[];
  readonly fragments: { contextId: number; control: number; bytes: number; ends: boolean }[];
}

function decode(bytes: Uint8Array, maxPDataLength = 131_072): Decoded {
  const out: Decoded = { pdus: [], faults: [], fragments: [] };
  const decoder = new PduDecoder(
    { maxPDataLength, maxAssociateLength: 1_048_576 },
    {
      pdu: (pdu) => out.pdus.push(pdu),
      pData: () => {},
      fragment: (contextId, control, piece, ends) => out.fragments.push({ contextId, control, bytes: piece.length, ends }),
      fault: (fault) => out.faults.push(fault),
    },
  );
  decoder.push(bytes);
  return out;
}

function roundTrip(pdu: ControlPdu): ControlPdu {
  const { pdus, faults } = decode(encodePdu(pdu));
  assert.deepEqual(faults, []);
  return pdus[0]!;
}

const everything: UserInformation = {
  maxLength: 65_536,
  implementationClassUid: '1.2.3.4',
  asyncOperations: { invoked: 5, performed: 1 },
  roles: [{ sopClassUid: '1.2.840.10008.5.1.4.1.1.2', scu: true, scp: true }, { sopClassUid: '1.2.3', scu: false, scp: true }],
  implementationVersionName: 'TEST_1',
  extended: [{ sopClassUid: '1.2.840.10008.5.1.4.1.2.2.1', bytes: Uint8Array.of(1, 1, 1) }],
  commonExtended: [{ sopClassUid: '1.2.3.4', serviceClassUid: '1.2.840.10008.4.2', relatedGeneralSopClassUids: ['1.2.840.10008.5.1.4.1.1.88.22', '1.2'] }],
  userIdentity: { kind: 2, responseRequested: true, primary: Uint8Array.of(97, 98), secondary: Uint8Array.of(120) },
  userIdentityResponse: Uint8Array.of(1, 2, 3),
  unknown: [{ itemType: 0x5f, bytes: Uint8Array.of(9, 9) }],
};

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_key, v: unknown) => (v instanceof Uint8Array ? [...v] : v)));

suite('PDU codec', () => {
  test('A-ASSOCIATE-RQ with every sub-item survives encoding and decoding  [PS3.8 §9.3.2, Annex D; PS3.7 §D.3.3]', () => {
    const pdu: AssociateRq = requestPdu({}, everything);

    assert.deepEqual(plain(roundTrip(pdu)), plain(pdu));
  });

  test('A-ASSOCIATE-AC with every sub-item survives encoding and decoding  [PS3.8 §9.3.3]', () => {
    const { contexts: _contexts, ...rest } = requestPdu({}, everything);
    const pdu: AssociateAc = { ...rest, type: 'associate-ac', contexts: [{ id: 1, result: 0, transferSyntax: '1.2.840.10008.1.2' }, { id: 3, result: 4, transferSyntax: '1.2' }] };

    assert.deepEqual(plain(roundTrip(pdu)), plain(pdu));
  });

  for (const pdu of [
    { type: 'associate-rj', result: 2, source: 3, reason: 1 },
    { type: 'release-rq' },
    { type: 'release-rp' },
    { type: 'abort', source: 2, reason: 6 },
  ] as const) {
    test(`${pdu.type} is ten bytes and survives encoding and decoding  [PS3.8 §9.3.4–9.3.8]`, () => {
      assert.equal(encodePdu(pdu).length, 10);
      assert.deepEqual(roundTrip(pdu), pdu);
    });
  }

  test('A-ASSOCIATE-RJ is encoded as result, source, reason at bytes 8 to 10  [PS3.8 Table 9-21]', () => {
    const bytes = encodePdu({ type: 'associate-rj', result: 1, source: 1, reason: 7 });

    assert.deepEqual([...bytes], [3, 0, 0, 0, 0, 4, 0, 1, 1, 7]);
  });

  test('A-ABORT is encoded as source, reason at bytes 9 and 10  [PS3.8 Table 9-26]', () => {
    assert.deepEqual([...encodePdu({ type: 'abort', source: 2, reason: 6 })], [7, 0, 0, 0, 0, 4, 0, 0, 2, 6]);
  });

  test('arbitrary proposals survive encoding and decoding', () => {
    const uid = fc.stringMatching(/^[1-9][0-9]{0,5}(\.[1-9][0-9]{0,5}){1,8}$/);
    const context = fc.record({ abstractSyntax: uid, transferSyntaxes: fc.array(uid, { maxLength: 6 }) });
    fc.assert(
      fc.property(fc.array(context, { maxLength: 128 }), fc.nat(0xffffffff), (contexts, maxLength) => {
        const pdu = requestPdu({ contexts: contexts.map((entry, index) => ({ id: index * 2 + 1, ...entry })), user: { maxLength: maxLength < 8 ? 0 : maxLength } });
        const back = roundTrip(pdu) as AssociateRq;
        assert.deepEqual(back.contexts, pdu.contexts);
        assert.equal(back.user.maxLength, pdu.user.maxLength);
      }),
      { numRuns: 50 },
    );
  });

  test('NUL padding of AE titles is accepted and taken off (deviates from PS3.8 §9.3.2, as some senders do)', () => {
    const bytes = Uint8Array.from(encodePdu(requestPdu()));
    for (let at = 10; at < 42; at += 1) if (bytes[at] === 0x20) bytes[at] = 0;

    const pdu = decode(bytes).pdus[0] as AssociateRq;

    assert.equal(pdu.calledAe, 'ISOCENTER');
    assert.equal(pdu.callingAe, 'TESTER');
  });

  for (const [what, bytes, reason] of [
    ['an even presentation context id  [PS3.8 §9.3.2.2]', encodePdu(requestPdu({ contexts: [{ id: 2, abstractSyntax: '1.2', transferSyntaxes: ['1.2'] }] })), 6],
    ['a presentation context id that occurs twice', encodePdu(requestPdu({ contexts: [1, 1].map((id) => ({ id, abstractSyntax: '1.2', transferSyntaxes: ['1.2'] })) })), 6],
    ['a Maximum Length too small for one fragment', encodePdu(requestPdu({ user: { maxLength: 7 } })), 6],
    ['an A-ASSOCIATE-RQ shorter than its fixed fields', pduOf(1, Buffer.alloc(67)), 6],
    ['an item that is longer than its PDU', pduOf(1, Buffer.alloc(68), Buffer.from([0x10, 0, 0, 9, 1])), 6],
    ['a sub-item that is longer than its item', pduOf(1, Buffer.alloc(68), Buffer.from([0x50, 0, 0, 5, 0x51, 0, 0, 9, 1])), 6],
    ['an A-RELEASE-RQ of five bytes', pduOf(5, Buffer.alloc(5)), 6],
    ['an A-ABORT without a body', pduOf(7), 6],
    ['PDU type 0', pduOf(0, Buffer.alloc(4)), 1],
    ['PDU type 8', pduOf(8, Buffer.alloc(4)), 1],
    ['a P-DATA-TF without a PDV', pduOf(4), 6],
    ['a PDV length of one', pduOf(4, Buffer.from([0, 0, 0, 1, 1, 3, 0, 0])), 6],
    ['a PDV that is longer than its PDU', pduOf(4, Buffer.from([0, 0, 0, 9, 1, 3, 0, 0])), 6],
    ['a PDV length of 2³²−1', pduOf(4, Buffer.from([255, 255, 255, 255, 1, 3, 0, 0])), 6],
    ['bytes behind the last PDV', pduOf(4, Buffer.from([0, 0, 0, 2, 1, 3, 0, 0])), 6],
  ] as const) {
    test(`${what} is a fault with abort reason ${reason}`, () => {
      const { pdus, faults } = decode(bytes);

      assert.deepEqual(pdus, []);
      assert.deepEqual(faults.map((fault) => fault.reason), [reason]);
    });
  }

  test('a P-DATA-TF longer than announced is a fault on its six header bytes, before the body  [PS3.8 §D.1]', () => {
    const { faults } = decode(Uint8Array.of(4, 0, 0, 0, 0x40, 0x01), 16_384);

    assert.deepEqual(faults.map((fault) => fault.reason), [6]);
  });

  test('a P-DATA-TF exactly as long as announced is taken', () => {
    assert.deepEqual(decode(Uint8Array.of(4, 0, 0, 0, 0x40, 0x00), 16_384).faults, []);
  });

  test('an A-ASSOCIATE-RQ of 4 GB is a fault on its six header bytes', () => {
    assert.deepEqual(decode(Uint8Array.of(1, 0, 255, 255, 255, 255)).faults.map((fault) => fault.reason), [6]);
  });

  test('several PDVs of one PDU and an empty last one come out as they are  [PS3.8 §9.3.5]', () => {
    const pdv = (control: number, length: number): Buffer => Buffer.concat([Buffer.from([0, 0, 0, length + 2, 5, control]), Buffer.alloc(length)]);

    const { fragments, faults } = decode(pduOf(4, pdv(1, 3), pdv(3, 1), pdv(2, 0)));

    assert.deepEqual(faults, []);
    assert.deepEqual(fragments, [
      { contextId: 5, control: 1, bytes: 3, ends: true },
      { contextId: 5, control: 3, bytes: 1, ends: true },
      { contextId: 5, control: 2, bytes: 0, ends: true },
    ]);
  });

  test('nothing comes out after a fault', () => {
    const { pdus, faults } = decode(Buffer.concat([pduOf(9, Buffer.alloc(4)), encodePdu({ type: 'release-rq' }), pduOf(9, Buffer.alloc(4))]));

    assert.deepEqual(pdus, []);
    assert.equal(faults.length, 1);
  });

  for (const name of pduFixtures) {
    test(`the recorded association ${name} is decoded without a fault, whole or byte by byte`, () => {
      const bytes = pduFixture(name);
      const whole = decode(bytes);
      const single: Decoded = { pdus: [], faults: [], fragments: [] };
      const decoder = new PduDecoder(
        { maxPDataLength: 131_072, maxAssociateLength: 1_048_576 },
        { pdu: (pdu) => single.pdus.push(pdu), pData: () => {}, fragment: () => {}, fault: (fault) => single.faults.push(fault) },
      );
      for (const byte of bytes) decoder.push(Uint8Array.of(byte));

      assert.deepEqual(whole.faults, []);
      assert.ok(whole.pdus.length > 0);
      assert.deepEqual(plain(single.pdus), plain(whole.pdus));
    });
  }

  test('what DCMTK proposes with 128 contexts is read in full  [PS3.8 §9.3.2.2]', () => {
    const rq = decode(pduFixture('dcmtk-echo-128-requestor')).pdus[0] as AssociateRq;

    assert.equal(rq.contexts.length, 128);
    assert.deepEqual(rq.contexts.map((context) => context.id), Array.from({ length: 128 }, (_, index) => index * 2 + 1));
    assert.equal(rq.user.implementationVersionName, 'OFFIS_DCMTK_367');
  });
});

suite('P-DATA encoding', () => {
  test('PDU and PDV lengths leave out what the standard leaves out  [PS3.8 §9.3.1, §9.3.5.1]', () => {
    const header = new Uint8Array(12);

    writePDataHeader(header, 0, { contextId: 7, control: 3, length: 100 });

    assert.deepEqual([...header], [4, 0, 0, 0, 0, 106, 0, 0, 0, 102, 7, 3]);
  });

  test('a fragment with its PDV header fits the maximum, and is even  [PS3.8 §D.1]', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 1_000_000 }), (maxLength) => {
        const limit = fragmentLimit(maxLength, 131_072);
        assert.ok(limit + 6 <= maxLength && limit % 2 === 0 && limit > 0);
      }),
    );
    assert.equal(fragmentLimit(0, 131_072), 131_066);
  });
});
