import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { element, sequence } from '../../../src/standards/dicom/element.ts';
import { dicomJsonText, toDicomJson } from '../../../src/standards/dicom/json-model.ts';
import { fromDicomJson } from '../../../src/standards/dicom/json-reader.ts';
import { nativeXml } from '../../../src/standards/dicom/native-xml.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { fromNativeXml } from '../../../src/standards/dicom/xml-reader.ts';
import { arbitraryDataSet, plain } from './arbitrary-data-set.ts';

const one = (...elements: Parameters<typeof DataSet.of>[0] extends Iterable<infer E> ? E[] : never): string => dicomJsonText(DataSet.of(elements));

suite('DICOM JSON Model (PS3.18 Annex F)', () => {
  test('what is written reads back the same', () => {
    fc.assert(fc.property(arbitraryDataSet(), (dataSet) => {
      const back = fromDicomJson(JSON.parse(dicomJsonText(dataSet)));
      assert.ok(back.ok, JSON.stringify(back));
      // One empty value is no value: JSON cannot tell them apart.
      assert.deepEqual(plain(back.value), plain(dataSet));
    }), { numRuns: 300 });
  });

  test('keys are upper-case hexadecimal in ascending order, also those that look like decimal numbers', () => {
    const text = one(element(0x30100040, 'LO', 'b'), element(0x0010_0020, 'LO', 'a'), element(0x300a00b0, 'SQ'), element(0x00280010, 'US', 5));
    assert.equal(text, '{"00100020":{"vr":"LO","Value":["a"]},"00280010":{"vr":"US","Value":[5]},"300A00B0":{"vr":"SQ"},"30100040":{"vr":"LO","Value":["b"]}}');
  });

  test('no group lengths, nothing of group 2, Specific Character Set is that of JSON', () => {
    const text = one(element(0x00020010, 'UI', '1.2'), element(0x00080000, 'UL', 5), element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 100'));
    assert.equal(text, '{"00080005":{"vr":"CS","Value":["ISO_IR 192"]}}');
  });

  test('empty elements have no Value, gaps are null (§F.2.5)', () => {
    assert.equal(one(element(0x00081030, 'LO')), '{"00081030":{"vr":"LO"}}');
    assert.equal(one(element(0x00080008, 'CS', 'A', '', 'B')), '{"00080008":{"vr":"CS","Value":["A",null,"B"]}}');
    assert.equal(one(sequence(0x00081140, DataSet.empty)), '{"00081140":{"vr":"SQ","Value":[{}]}}');
    assert.equal(one(element(0x00091010, 'OB')), '{"00091010":{"vr":"OB"}}');
  });

  test('person names are objects of the groups that are there (§F.2.2)', () => {
    assert.equal(one(element(tags.PatientName, 'PN', 'Yamada^Tarou=山田^太郎')), '{"00100010":{"vr":"PN","Value":[{"Alphabetic":"Yamada^Tarou","Ideographic":"山田^太郎"}]}}');
    assert.equal(one(element(tags.PatientName, 'PN', '==やまだ')), '{"00100010":{"vr":"PN","Value":[{"Phonetic":"やまだ"}]}}');
    assert.equal(one(element(tags.PatientName, 'PN', '^^^^')), '{"00100010":{"vr":"PN"}}');
  });

  test('DS and IS are numbers, and text where a number would say something else (§F.2.3.1)', () => {
    const values = (text: string): unknown => toDicomJson(DataSet.of([element(0x00281053, 'DS', text)]))['00281053']?.Value?.[0];
    assert.equal(values('1.50'), 1.5);
    assert.equal(values('-1024'), -1024);
    assert.equal(values('1e-3'), 0.001);
    assert.equal(values('+5'), 5);
    assert.equal(values('0.1000000000000001'), 0.1000000000000001);
    assert.equal(values('1234567890.123456789'), '1234567890.123456789');
    assert.equal(values('1e400'), '1e400');
    assert.equal(values('12,5'), '12,5');
  });

  test('SV and UV beyond 2^53 are strings, NaN and infinity too', () => {
    assert.equal(one(element(0x00720082, 'SV', 2n ** 60n, 5n)), '{"00720082":{"vr":"SV","Value":["1152921504606846976",5]}}');
    assert.equal(one(element(0x00720074, 'FD', Number.NaN, Infinity, -Infinity, 0.1)), '{"00720074":{"vr":"FD","Value":["NaN","inf","-inf",0.1]}}');
    assert.equal(one(element(0x00720076, 'FL', Math.fround(0.643))), '{"00720076":{"vr":"FL","Value":[0.643]}}');
  });

  test('AT is eight hexadecimal digits', () => assert.equal(one(element(0x00280009, 'AT', 0x0018106a)), '{"00280009":{"vr":"AT","Value":["0018106A"]}}'));

  test('bytes go inline or behind the URI that the caller gives for their path (§F.2.6, §F.2.7)', () => {
    const dataSet = DataSet.of([element(0x00091010, 'OB', Uint8Array.of(1, 2)), sequence(0x00091011, DataSet.of([element(0x00091012, 'OW', Uint8Array.of(1, 2))]))]);
    assert.equal(dicomJsonText(dataSet), '{"00091010":{"vr":"OB","InlineBinary":"AQI="},"00091011":{"vr":"SQ","Value":[{"00091012":{"vr":"OW","InlineBinary":"AQI="}}]}}');
    const paths: string[] = [];
    dicomJsonText(dataSet, { bulkDataUri: (path) => (paths.push(path), `bulk/${path}`) });
    assert.deepEqual(paths, ['00091010', '00091011/0/00091012']);
    const back = fromDicomJson(JSON.parse(dicomJsonText(dataSet, { bulkDataUri: (path) => path })), { bulkData: () => Uint8Array.of(1, 2) });
    assert.ok(back.ok);
    assert.deepEqual(plain(back.value), plain(dataSet));
  });

  test('what is no DICOM JSON is a fault with its tag, never a throw', () => {
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [[], /object/], [null, /object/], [{ PatientID: { vr: 'LO' } }, /hexadecimal/], [{ '00100020': 5 }, /0010,0020/], [{ '00100020': { vr: 'XX' } }, /unknown vr/],
      [{ '00100020': { vr: 'LO', Value: 'A' } }, /array/], [{ '00280010': { vr: 'US', Value: ['many'] } }, /0028,0010.*US/], [{ '7FE00010': { vr: 'OB', InlineBinary: '%%' } }, /base64/],
      [{ '7FE00010': { vr: 'OB', BulkDataURI: 'x' } }, /nowhere/],
    ];
    for (const [json, reason] of cases) {
      const result = fromDicomJson(json);
      assert.ok(!result.ok && reason.test(result.fault.message), JSON.stringify(json));
    }
    fc.assert(fc.property(fc.jsonValue(), (json) => void fromDicomJson(json)), { numRuns: 1000 });
  });

  test('a missing vr is the dictionary\'s, lower-case keys are read', () => {
    const result = fromDicomJson({ '0020000d': { Value: ['1.2'] } });
    assert.ok(result.ok && result.value.get(tags.StudyInstanceUID)?.vr === 'UI');
  });
});

suite('Native DICOM Model (PS3.19 §A.1)', () => {
  test('what is written reads back the same', () => {
    fc.assert(fc.property(arbitraryDataSet(), (dataSet) => {
      const back = fromNativeXml(nativeXml(dataSet));
      assert.ok(back.ok, JSON.stringify(back));
      assert.deepEqual(plain(back.value), plain(dataSet));
    }), { numRuns: 300 });
  });

  test('attributes, values, names, items and private creators have their elements', () => {
    const xml = nativeXml(DataSet.of([
      element(tags.PatientName, 'PN', 'Müller^Jörg^^Dr.'),
      element(0x00091001, 'LO', 'a<b'),
      element(0x00090010, 'LO', 'ACME'),
      sequence(0x00081140, DataSet.of([element(0x00081155, 'UI', '1.2')])),
    ]));
    for (const part of [
      '<DicomAttribute tag="00100010" vr="PN" keyword="PatientName"><PersonName number="1"><Alphabetic><FamilyName>Müller</FamilyName><GivenName>Jörg</GivenName><NamePrefix>Dr.</NamePrefix></Alphabetic></PersonName></DicomAttribute>',
      '<DicomAttribute tag="00091001" vr="LO" privateCreator="ACME"><Value number="1">a&lt;b</Value></DicomAttribute>',
      '<Item number="1"><DicomAttribute tag="00081155" vr="UI" keyword="ReferencedSOPInstanceUID"><Value number="1">1.2</Value></DicomAttribute></Item>',
    ]) assert.ok(xml.includes(part), part);
  });

  test('document types, unknown entities, broken markup and deep nesting are faults', () => {
    const wrap = (inner: string): string => `<NativeDicomModel>${inner}</NativeDicomModel>`;
    for (const text of ['', '<a', '<a></b>', '<!DOCTYPE x [<!ENTITY a "b">]><NativeDicomModel/>', wrap('&bomb;'), '<Other/>', wrap('<DicomAttribute tag="zz"/>'), '<a>'.repeat(100_000)]) {
      const result = fromNativeXml(text);
      assert.ok(!result.ok, text.slice(0, 60));
    }
    fc.assert(fc.property(fc.string(), (text) => void fromNativeXml(wrap(text))), { numRuns: 1000 });
  });
});
