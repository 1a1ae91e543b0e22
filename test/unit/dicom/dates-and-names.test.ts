import assert from 'node:assert/strict';
import { keywordOf, tagOf, vrOf } from '../../../src/standards/dicom/dictionary.ts';
import { dicomMoment, isoDate, isoDateTime, parseDate, parseDateTime, parseTime } from '../../../src/standards/dicom/dates.ts';
import { decimalString, element } from '../../../src/standards/dicom/element.ts';
import { displayName, foldName, groupsOf } from '../../../src/standards/dicom/person-name.ts';
import { isStorageClass, sopClassName } from '../../../src/standards/dicom/sop-classes.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { assumedTransferSyntax, transferSyntaxOf } from '../../../src/standards/dicom/transfer-syntaxes.ts';

suite('dates and times (PS3.5 §6.2)', () => {
  test('DA is a day of the calendar, also in the form of ACR-NEMA', () => {
    assert.deepEqual(parseDate('20240229'), { year: 2024, month: 2, day: 29 });
    assert.deepEqual(parseDate('1993.08.22'), { year: 1993, month: 8, day: 22 });
    for (const text of ['20230229', '20241301', '2024', '', '2024-01-01', '99999999']) assert.equal(parseDate(text), undefined, text);
  });

  test('TM may end early', () => {
    assert.deepEqual(parseTime('10'), { hour: 10, minute: undefined, second: undefined, microsecond: undefined });
    assert.deepEqual(parseTime('070907.0705'), { hour: 7, minute: 9, second: 7, microsecond: 70_500 });
    assert.equal(parseTime('235960')?.second, 60);
    for (const text of ['24', '1', '1060', '101010.1234567', '10:10:10:10']) assert.equal(parseTime(text), undefined, text);
  });

  test('DT carries its offset', () => {
    assert.deepEqual(parseDateTime('202611210815+0100'), { year: 2026, month: 11, day: 21, time: { hour: 8, minute: 15, second: undefined, microsecond: undefined }, offsetMinutes: 60 });
    assert.equal(parseDateTime('2026')?.month, undefined);
    for (const text of ['20261', '2026+9900', '20261121-0000', '20261332']) assert.equal(parseDateTime(text), undefined, text);
  });

  test('ISO 8601 of DA and TM', () => {
    assert.equal(isoDate('20261121'), '2026-11-21');
    assert.equal(isoDateTime('20261121', '081500.500', 60), '2026-11-21T08:15:00.5+01:00');
    assert.equal(isoDateTime('20261121', undefined), '2026-11-21');
    assert.equal(isoDateTime('nonsense', '10'), undefined);
  });

  test('a moment in a zone', () => {
    assert.deepEqual(dicomMoment(new Date('2026-11-21T23:30:00.250Z'), 60), { date: '20261122', time: '003000.250', dateTime: '20261122003000.250+0100', offset: '+0100' });
  });
});

suite('person names (PS3.5 §6.2.1)', () => {
  test('groups and components', () => {
    assert.deepEqual(groupsOf('Yamada^Tarou=山田^太郎='), { alphabetic: 'Yamada^Tarou', ideographic: '山田^太郎', phonetic: '' });
    assert.equal(displayName('Müller^Jörg^^Dr.'), 'Dr. Jörg Müller');
  });

  test('folding takes case, accents and delimiters away, groups stay', () => {
    assert.equal(foldName('MÜLLER^Jörg^^'), 'muller jorg');
    assert.equal(foldName('Wang=王^小東='), 'wang=王 小東');
  });
});

suite('dictionary and tables (PS3.6)', () => {
  test('repeating groups, private elements, group lengths', () => {
    assert.deepEqual([vrOf(0x60023000), keywordOf(0x60023000)], ['OW', 'OverlayData']);
    assert.equal(vrOf(0x00090010), 'LO');
    assert.equal(vrOf(0x00091001), 'UN');
    assert.equal(vrOf(0x00180000), 'UL');
    assert.equal(tagOf('PatientID'), tags.PatientID);
    assert.equal(tagOf('0020000D'), tags.StudyInstanceUID);
    assert.equal(tagOf('Nonsense'), undefined);
  });

  test('a new storage class and a new transfer syntax are taken for what they must be', () => {
    assert.ok(isStorageClass('1.2.840.10008.5.1.4.1.1.2') && isStorageClass('1.2.840.10008.5.1.4.1.1.999') && isStorageClass('1.3.6.1.4.1.5962.1'));
    assert.ok(!isStorageClass('1.2.840.10008.1.1') && !isStorageClass('1.3.6.1.4.1.5962.1', true));
    assert.equal(sopClassName('1.2.840.10008.5.1.4.1.1.2'), 'CT Image Storage');
    assert.equal(transferSyntaxOf('1.2.840.10008.1.2.4.999'), undefined);
    assert.ok(assumedTransferSyntax('1.2.840.10008.1.2.4.999').encapsulated);
  });

  test('a Decimal String has at most 16 characters', () => {
    for (const value of [Math.PI, -Math.PI * 1e-7, 1 / 3, 123456789.1234567, 1e300, -1e-300, 0, -0.1]) {
      const text = decimalString(value);
      assert.ok(text.length <= 16 && Math.abs(Number(text) - value) <= Math.abs(value) * 1e-8, text);
    }
    assert.throws(() => decimalString(Number.NaN), TypeError);
    assert.throws(() => element(tags.NumberOfFrames, 'IS', 1.5), TypeError);
  });
});
