import assert from 'node:assert/strict';
import { deflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { element } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { deflatedExplicitLittleEndian, explicitBigEndian, explicitLittleEndian, implicitLittleEndian } from '../../../src/standards/dicom/transfer-syntaxes.ts';
import { HeaderReader, type ReadHeader } from '../../../src/stages/intake/header-reader.ts';
import { sampleDataSet } from '../../support/instances.ts';

function read(bytes: Uint8Array, syntax: string, pieces = bytes.length): ReadHeader {
  const reader = new HeaderReader(syntax);
  for (let at = 0; at < bytes.length; at += pieces) reader.push(bytes.subarray(at, at + pieces));
  return reader.finish(bytes.length);
}

const syntaxes = fc.constantFrom(explicitLittleEndian, implicitLittleEndian, explicitBigEndian, deflatedExplicitLittleEndian, '1.2.840.10008.1.2.4.90', '1.2.3');

suite('header reader', () => {
  test('finds the same in pieces of any length', () => {
    const bytes = sampleDataSet({ pixelBytes: 300 });
    const whole = read(bytes, explicitLittleEndian);

    for (let pieces = 1; pieces < 40; pieces += 1) assert.deepEqual(read(bytes, explicitLittleEndian, pieces), whole);
    assert.equal(whole.header.study.studyInstanceUid, '2.25.100');
    assert.equal(whole.fault, undefined);
  });

  test('a deflated data set gives the header of the inflated one [PS3.5 §A.5]', () => {
    const bytes = sampleDataSet({ pixelBytes: 200_000 });

    const deflated = read(deflateRawSync(bytes), deflatedExplicitLittleEndian, 1_000);

    assert.deepEqual(deflated.header, read(bytes, explicitLittleEndian).header);
  });

  test('a deflated bomb is looked at in its beginning only, and has no UID', () => {
    const bomb = deflateRawSync(Buffer.alloc(200 << 20));

    assert.equal(read(bomb, deflatedExplicitLittleEndian, 8_192).header.sopInstanceUid, null);
  });

  test('random and mutated bytes never throw, and never give text that PostgreSQL refuses', () => {
    const sample = sampleDataSet({ pixelBytes: 100, more: [element(tags.StudyDescription, 'LO', 'x')] });
    const mutated = fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { maxLength: 12 }).map((changes) => {
      const bytes = Buffer.from(sample);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)), mutated), syntaxes, fc.integer({ min: 1, max: 500 }), (bytes, syntax, pieces) => {
        const { header, headerLength } = read(bytes, syntax, pieces);
        assert.ok(headerLength <= bytes.length);
        const texts = [...Object.values(header.study), ...Object.values(header.series), header.sopInstanceUid].filter((value) => typeof value === 'string');
        for (const text of texts) assert.ok(!text.includes('\0') && !/\p{Surrogate}/u.test(text) && text.length <= 400);
      }),
      { numRuns: 600 },
    );
  });
});
