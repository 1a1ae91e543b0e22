import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DataSet } from '../../src/standards/dicom/data-set.ts';
import { readDataSet } from '../../src/standards/dicom/data-set-reader.ts';
import { writeDataSet } from '../../src/standards/dicom/data-set-writer.ts';
import { dicomJsonText } from '../../src/standards/dicom/json-model.ts';
import { fromDicomJson } from '../../src/standards/dicom/json-reader.ts';
import { nativeXml } from '../../src/standards/dicom/native-xml.ts';
import { readPart10 } from '../../src/standards/dicom/part10.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { explicitBigEndian, explicitLittleEndian, transferSyntaxOf } from '../../src/standards/dicom/transfer-syntaxes.ts';
import { fromNativeXml } from '../../src/standards/dicom/xml-reader.ts';
import { corpus } from '../support/peers.ts';
import { plain } from '../unit/dicom/arbitrary-data-set.ts';

function filesOf(root: string, wanted: (name: string) => boolean): string[] {
  return (readdirSync(root, { recursive: true }) as string[]).filter((name) => name.endsWith('.dcm') && wanted(name)).sort();
}

suite('real data sets', function () {
  this.timeout(240_000);

  test('every good file is read; what is written of it reads the same, in both byte orders (PS3.5 §7)', function () {
    const root = corpus(this);
    const faults: string[] = [];
    for (const name of filesOf(root, (file) => !file.startsWith('broken'))) {
      const file = readPart10(readFileSync(path.join(root, name)));
      if (!file.ok) {
        faults.push(`${name}: ${file.fault.message}`);
        continue;
      }
      const dataSet = withoutGroupLengths(file.value.dataSet);
      const expected = plain(dataSet);
      const same = readDataSet(writeDataSet(dataSet, file.value.transferSyntaxUid, { sequences: 'delimiter' }), file.value.transferSyntaxUid);
      assert.ok(same.ok, name);
      assert.ok(isDeepStrictEqual(plain(same.value), expected), name);
      if (transferSyntaxOf(file.value.transferSyntaxUid)!.encapsulated) continue;
      const turned = readDataSet(writeDataSet(dataSet, explicitBigEndian), explicitBigEndian);
      assert.ok(turned.ok, name);
      const back = readDataSet(writeDataSet(turned.value, explicitLittleEndian), explicitLittleEndian);
      assert.ok(back.ok, name);
      assert.ok(isDeepStrictEqual(plain(back.value), expected), name);
    }
    // That file is cut off in its pixel data.
    assert.deepEqual(faults.map((fault) => fault.split(':')[0]), ['enhanced/pydicom-data__emri_small_jpeg_2k_lossless_too_short.dcm']);
  });

  test('JSON and XML of every good file give back its header', function () {
    const root = corpus(this);
    for (const name of filesOf(root, (file) => !file.startsWith('broken'))) {
      const file = readPart10(readFileSync(path.join(root, name)), { stopBefore: tags.FloatPixelData });
      assert.ok(file.ok, name);
      const text = dicomJsonText(file.value.dataSet);
      const json = fromDicomJson(JSON.parse(text));
      assert.ok(json.ok, `${name} ${JSON.stringify(json)}`);
      assert.equal(dicomJsonText(json.value), text, name);
      const xml = fromNativeXml(nativeXml(file.value.dataSet));
      assert.ok(xml.ok, `${name} ${JSON.stringify(xml)}`);
      assert.equal(nativeXml(xml.value).length > 0, true);
    }
  });

  test('broken files give a data set or a fault, at once, and never throw', function () {
    const root = corpus(this, 'broken');
    const outcomes = new Map<string, number>();
    for (const name of filesOf(root, () => true)) {
      const file = readPart10(readFileSync(path.join(root, name)));
      const outcome = file.ok ? 'read' : file.fault.code;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (!file.ok) continue;
      plain(file.value.dataSet);
      dicomJsonText(file.value.dataSet);
      nativeXml(file.value.dataSet);
    }
    console.log(`      ${[...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ')}`);
    assert.ok(outcomes.get('read')! > 150);
  });

  test('patient names of the character set folder read exactly (PS3.5 Annexes H to K)', function () {
    const root = corpus(this, 'charsets');
    const expected: Readonly<Record<string, string>> = {
      'fo-dicom__chrArab': 'قباني^لنزار',
      'fo-dicom__chrGB2312': 'Zhang^XiaoDong=张^小东=',
      'fo-dicom__chrGreek': 'Διονυσιος',
      'fo-dicom__chrH32': 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう',
      'fo-dicom__chrI2': 'Hong^Gildong=洪^吉洞=홍^길동',
      'fo-dicom__chrX1': 'Wang^XiaoDong=王^小東=',
      'pydicom__chrFrenMulti': 'Buc^Jérôme',
    };
    for (const [name, patient] of Object.entries(expected)) {
      const file = readPart10(readFileSync(path.join(root, `${name}.dcm`)));
      assert.ok(file.ok && file.value.dataSet.string(tags.PatientName) === patient, name);
    }
    const nested = readPart10(readFileSync(path.join(root, 'fo-dicom__chrSQEncoding.dcm')));
    assert.ok(nested.ok);
    assert.equal(nested.value.dataSet.items(tags.RequestedProcedureCodeSequence)[0]?.string(tags.PatientName), 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう');
  });
});

function withoutGroupLengths(dataSet: DataSet): DataSet {
  return DataSet.of([...dataSet].filter((element) => (element.tag & 0xffff) !== 0).map((element) => (element.vr === 'SQ' ? { ...element, value: dataSet.items(element.tag).map(withoutGroupLengths) } : element)));
}
