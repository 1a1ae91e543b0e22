import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PduDecoder } from '../../../src/standards/upper-layer/pdu-decoder.ts';
import { encodePdu } from '../../../src/standards/upper-layer/pdu-encoder.ts';
import { pduFixture } from '../../support/dimse-fixtures.ts';
import { pduOf, pdvOf, requestPdu } from '../../support/dimse-raw-peer.ts';

/** A trace that does not depend on how the stream was cut: pieces of one PDV are put together. */
function trace(chunks: readonly Uint8Array[]): string[] {
  const out: string[] = [];
  let open = '';
  const decoder = new PduDecoder(
    { maxPDataLength: 65_536, maxAssociateLength: 65_536 },
    {
      pdu: (pdu) => out.push(pdu.type),
      pData: () => out.push('p-data'),
      fragment(contextId, control, bytes, ends) {
        open += Buffer.from(bytes).toString('hex');
        if (!ends) return;
        out.push(`${contextId}/${control}:${open}`);
        open = '';
      },
      fault: (fault) => out.push(`fault ${fault.reason}`),
    },
  );
  for (const chunk of chunks) decoder.push(chunk);
  return [...out, open === '' ? '' : 'open'];
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const size = Math.max(1, sizes[index % sizes.length]!);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const pdv = fc.record({ contextId: fc.integer({ min: 1, max: 255 }), control: fc.integer({ min: 0, max: 3 }), bytes: fc.uint8Array({ maxLength: 40 }) });
const pdu = fc.oneof(
  fc.array(pdv, { minLength: 1, maxLength: 4 }).map((pdvs) => pduOf(4, ...pdvs.map((entry) => pdvOf(entry.contextId, entry.control, entry.bytes)))),
  fc.constant(encodePdu({ type: 'release-rq' })),
  fc.constant(encodePdu(requestPdu())),
);
const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 });

suite('PDU decoder', () => {
  test('a stream means the same in every fragmentation', () => {
    fc.assert(
      fc.property(fc.array(pdu, { maxLength: 6 }), cuts, (pdus, sizes) => {
        const stream = Buffer.concat(pdus);
        assert.deepEqual(trace(cut(stream, sizes)), trace([stream]));
      }),
      { numRuns: 300 },
    );
  });

  test('random bytes are followed or end in one fault, never in a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), cuts, (bytes, sizes) => {
        const faults = trace(cut(bytes, sizes)).filter((entry) => entry.startsWith('fault'));
        assert.ok(faults.length <= 1);
      }),
      { numRuns: 500 },
    );
  });

  test('a real association with bytes changed is followed or ends in one fault, alike in every fragmentation', () => {
    const real = pduFixture('dcmtk-store-requestor');
    const change = fc.record({ at: fc.nat(real.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), cuts, (changes, sizes) => {
        const bytes = Buffer.from(real);
        for (const { at, to } of changes) bytes[at] = to;
        const whole = trace([bytes]);
        assert.ok(whole.filter((entry) => entry.startsWith('fault')).length <= 1);
        assert.deepEqual(trace(cut(bytes, sizes)), whole);
      }),
      { numRuns: 300 },
    );
  });

  test('an announced length reserves no memory: one megabyte announced and ten bytes sent hold some kilobytes', () => {
    const decoders = Array.from({ length: 2_000 }, () => new PduDecoder({ maxPDataLength: 0, maxAssociateLength: 1_048_576 }, { pdu() {}, pData() {}, fragment() {}, fault() {} }));
    const before = process.memoryUsage().arrayBuffers;

    for (const decoder of decoders) decoder.push(Uint8Array.of(1, 0, 0, 16, 0, 0, 1, 2, 3, 4));

    assert.ok(process.memoryUsage().arrayBuffers - before < 2_000 * 8_192);
  });

  test('a sink that stops the decoder in the middle of a chunk hears nothing more', () => {
    let heard = 0;
    const decoder: PduDecoder = new PduDecoder(
      { maxPDataLength: 0, maxAssociateLength: 65_536 },
      {
        pdu() {
          heard += 1;
          decoder.stop();
        },
        pData() {},
        fragment() {},
        fault() {},
      },
    );

    decoder.push(Buffer.concat([encodePdu({ type: 'release-rq' }), encodePdu({ type: 'release-rq' })]));
    decoder.push(encodePdu({ type: 'release-rq' }));

    assert.equal(heard, 1);
  });

  test('a sink that stops the decoder at a P-DATA-TF header gets no fragment of it', () => {
    let heard = 0;
    const decoder: PduDecoder = new PduDecoder(
      { maxPDataLength: 0, maxAssociateLength: 65_536 },
      { pdu() {}, pData: () => decoder.stop(), fragment: () => { heard += 1; }, fault() {} },
    );

    decoder.push(pduOf(4, pdvOf(1, 3, Buffer.alloc(10))));

    assert.equal(heard, 0);
  });
});
