import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseQidoParameters } from '../../../src/standards/dicomweb/qido-parameters.ts';
import { parseAccept, parseMediaType } from '../../../src/standards/dicomweb/media-type.ts';

const parsed = (search: string) => {
  const result = parseQidoParameters(search);
  assert.ok(result.ok, result.ok ? '' : result.fault.message);
  return result.value;
};
const refused = (search: string): string => {
  const result = parseQidoParameters(search);
  assert.ok(!result.ok);
  return result.fault.message;
};

suite('QIDO-RS parameters', () => {
  test('keywords, tags and sequence paths name attributes  [PS3.18 §8.3.4.1]', () => {
    assert.deepEqual(parsed('PatientID=1&00080020=20260101&00400275.00400009=S1').keys.map((key) => key.path), [[0x00100020], [0x00080020], [0x00400275, 0x00400009]]);
  });

  test('a wildcard, a range, a UID list and an empty value each match in their way  [PS3.4 §C.2.2.2]', () => {
    assert.deepEqual(parsed('PatientName=SMI*&StudyDate=20260101-&StudyInstanceUID=1.2,1.3&AccessionNumber=').keys.map((key) => key.match), [
      { kind: 'wildcard', pattern: 'SMI*' },
      { kind: 'range', from: '20260101', to: undefined },
      { kind: 'any-of', values: ['1.2', '1.3'] },
      { kind: 'universal' },
    ]);
  });

  test('"" matches empty values when emptyvaluematching is on  [PS3.18 §8.3.4.7]', () => {
    assert.deepEqual(parsed('emptyvaluematching=true&PatientSex=%22%22').keys[0]?.match, { kind: 'empty' });
  });

  test('includefield repeats and lists; all is all  [PS3.18 §8.3.4.3]', () => {
    assert.deepEqual(parsed('includefield=00081030,PatientAge&includefield=StudyID').include, [0x00081030, 0x00101010, 0x00200010]);
    assert.equal(parsed('includefield=all').include, 'all');
  });

  test('what is wrong is said: unknown name, repeated attribute, bad date, negative limit, broken encoding', () => {
    assert.match(refused('Foo=1'), /neither an attribute/);
    assert.match(refused('PatientID=1&00100020=2'), /more than once/);
    assert.match(refused('StudyDate=yesterday'), /neither a date/);
    assert.match(refused('limit=-1'), /whole number/);
    assert.match(refused('PatientID=%E0%A4%A'), /percent-encoding/);
  });

  test('any query string is answered, never thrown at', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (search) => void parseQidoParameters(search)), { numRuns: 500 });
  });
});

suite('media types', () => {
  test('ranges are ordered by q, then as written; parameters are unquoted  [RFC 9110 §12.5.1]', () => {
    const ranges = parseAccept('multipart/related; type="application/dicom"; transfer-syntax=*;q=0.5, image/jpeg, */*;q=0.1');

    assert.deepEqual(ranges.map((range) => range.type), ['image/jpeg', 'multipart/related', '*/*']);
    assert.deepEqual([ranges[1]?.parameters.get('type'), ranges[1]?.parameters.get('transfer-syntax')], ['application/dicom', '*']);
  });

  test('a comma or semicolon inside quotes separates nothing', () => {
    assert.equal(parseMediaType('multipart/related; boundary="a;b,c"')?.parameters.get('boundary'), 'a;b,c');
  });

  test('a malformed range is left out', () => {
    assert.deepEqual(parseAccept('nonsense, application/json').map((range) => range.type), ['application/json']);
  });
});
