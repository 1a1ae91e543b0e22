import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { codingScheme, fhirSystemOf, privateScheme } from '../../../src/domain/codes/coding-schemes.ts';
import { concept, conceptKeys, isVerified } from '../../../src/domain/codes/concepts.ts';

suite('table of coded concepts', () => {
  test('every concept fits its attributes: value ≤ 16, meaning 1–64 characters, a scheme that we know  [PS3.3 §8.8]', () => {
    for (const key of conceptKeys()) {
      const { scheme, value, meaning } = concept(key);
      assert.ok(value.length > 0 && value.length <= 16, key);
      assert.ok(meaning.length > 0 && meaning.length <= 64, key);
      assert.ok(codingScheme(scheme) !== undefined, `${key}: ${scheme}`);
    }
  });

  test('a code that nobody verified is not claimed for its authority', () => {
    const open = conceptKeys().filter((key) => !isVerified(key));

    assert.ok(open.includes('retinal-hemorrhage'));
    for (const key of open) assert.equal(concept(key).scheme, privateScheme, key);
  });

  test('docs/conformance/codes.md lists each concept that goes out under the private scheme', () => {
    const page = readFileSync(new URL('../../../docs/conformance/codes.md', import.meta.url), 'utf8');

    for (const key of conceptKeys().filter((candidate) => concept(candidate).scheme === privateScheme)) assert.ok(page.includes(`| \`${key}\` |`), key);
  });

  test('no two private concepts share a value', () => {
    const values = conceptKeys().map(concept).filter(({ scheme }) => scheme === privateScheme).map(({ value }) => value);

    assert.equal(new Set(values).size, values.length);
  });

  test('an unknown scheme gets a system of its own, never that of another', () => {
    assert.notEqual(fhirSystemOf('99OTHER'), fhirSystemOf('99THIRD'));
    assert.match(fhirSystemOf('99OTHER'), /^urn:oid:2\.25\./);
  });
});
