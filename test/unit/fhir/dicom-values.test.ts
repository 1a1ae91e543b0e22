import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fhirDate, fhirDateTime, fhirInstant, gender, humanName } from '../../../src/standards/fhir/dicom-values.ts';
import { defined } from '../../../src/standards/fhir/json.ts';

suite('DICOM values as FHIR values', () => {
  test('a dateTime with a time has a zone; without a usable time it is a date; without a date it is nothing', () => {
    assert.equal(fhirDateTime('20260102', '101112.5', 60), '2026-01-02T10:11:12+01:00');
    assert.equal(fhirDateTime('20260102', '1011', 0), '2026-01-02T10:11:00Z');
    assert.equal(fhirDateTime('20260102', '', 60), '2026-01-02');
    assert.equal(fhirDateTime('20260102', '259999', -210), '2026-01-02');
    assert.equal(fhirDateTime('', '101112', 60), undefined);
    assert.equal(fhirDateTime('2026.01.02', undefined, 0), '2026-01-02');
  });

  test('what is no calendar date is nothing', () => {
    for (const date of ['20260230', '2026', '20261301', 'ABCDEFGH', undefined]) assert.equal(fhirDate(date), undefined);
  });

  test('an instant is told in the zone given', () => {
    assert.equal(fhirInstant(new Date('2026-01-02T00:30:00.999Z'), -210), '2026-01-01T21:00:00-03:30');
  });

  test('a person name takes its first group with content', () => {
    assert.deepEqual(humanName('Müller^Jörg^K^Dr^MD'), { use: 'official', text: 'Dr Jörg K Müller MD', family: 'Müller', given: ['Jörg', 'K'], prefix: ['Dr'], suffix: ['MD'] });
    assert.deepEqual(humanName('^^=山田^太郎'), { use: 'official', text: '太郎 山田', family: '山田', given: ['太郎'] });
    assert.equal(humanName('^^^'), undefined);
    assert.equal(gender('F '), 'female');
    assert.equal(gender(''), undefined);
  });

  test('no empty array, object, string or null survives  [FHIR R4 JSON]', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const kept: unknown = defined<{ value: unknown }>({ value, list: [[], {}, ''], kept: 1 } as { value: unknown });

        assert.ok(isFull(kept), JSON.stringify(kept));
      }),
    );
  });
});

function isFull(value: unknown): boolean {
  if (value === null || value === '') return false;
  if (typeof value !== 'object') return true;
  const children: readonly unknown[] = Object.values(value);
  return children.length > 0 && children.every(isFull);
}
