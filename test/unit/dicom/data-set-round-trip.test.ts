import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { readDataSet } from '../../../src/standards/dicom/data-set-reader.ts';
import { DicomWriteError, writeDataSet } from '../../../src/standards/dicom/data-set-writer.ts';
import { element, sequence } from '../../../src/standards/dicom/element.ts';
import { readPart10, writePart10 } from '../../../src/standards/dicom/part10.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { deflatedExplicitLittleEndian, explicitBigEndian, explicitLittleEndian, implicitLittleEndian, rleLossless } from '../../../src/standards/dicom/transfer-syntaxes.ts';
import { arbitraryDataSet, plain } from './arbitrary-data-set.ts';

function reread(dataSet: DataSet, syntax: string, sequences: 'length' | 'delimiter' = 'length'): DataSet {
  const result = readDataSet(writeDataSet(dataSet, syntax, { sequences }), syntax);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

const image = DataSet.of([
  element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 100'),
  element(tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.2'),
  element(tags.SOPInstanceUID, 'UI', '1.2.3'),
  element(tags.PatientName, 'PN', 'Müller^Jörg'),
  element(tags.Rows, 'US', 2),
  element(tags.PixelRepresentation, 'US', 1),
  element(tags.SmallestImagePixelValue, 'SS', -5),
  element(tags.PixelData, 'OW', Uint8Array.of(1, 2, 3, 4)),
]);

suite('data set reader and writer', () => {
  for (const syntax of [explicitLittleEndian, explicitBigEndian, deflatedExplicitLittleEndian]) {
    for (const sequences of ['length', 'delimiter'] as const) {
      test(`what is written in ${syntax} with sequences by ${sequences} reads back the same`, () => {
        fc.assert(fc.property(arbitraryDataSet(), (dataSet) => assert.deepEqual(plain(reread(dataSet, syntax, sequences)), plain(dataSet))), { numRuns: 150 });
      });
    }
  }

  test('every explicit syntax converts into every other without a change of value', () => {
    fc.assert(
      fc.property(arbitraryDataSet(), (dataSet) => {
        const wandering = reread(reread(reread(dataSet, explicitBigEndian), explicitLittleEndian, 'delimiter'), deflatedExplicitLittleEndian);
        assert.deepEqual(plain(reread(wandering, explicitBigEndian)), plain(dataSet));
      }),
      { numRuns: 100 },
    );
  });

  test('Implicit VR takes its VRs from the dictionary; US or SS follows Pixel Representation (PS3.5 §A.1)', () => {
    assert.deepEqual(plain(reread(image, implicitLittleEndian)), plain(image));
  });

  test('pixel words turn round in Big Endian, bytes do not (PS3.5 §7.3)', () => {
    const bytes = Buffer.from(writeDataSet(image, explicitBigEndian));
    assert.deepEqual([...bytes.subarray(-4)], [2, 1, 4, 3]);
    assert.deepEqual(plain(reread(image, explicitBigEndian)), plain(image));
  });

  test('an odd value is padded to even length: text with a blank, UI and bytes with NUL (PS3.5 §7.1.1)', () => {
    const bytes = writeDataSet(DataSet.of([element(0x00080018, 'UI', '1.2'), element(0x00100020, 'LO', 'abc'), element(0x00290110, 'OB', Uint8Array.of(7))]), explicitLittleEndian);
    const text = Buffer.from(bytes).toString('latin1');
    assert.ok(text.includes('UI\x04\x001.2\0') && text.includes('LO\x04\x00abc ') && text.endsWith('\x02\0\0\0\x07\0'));
  });

  test('encapsulated pixel data keep their offset table and fragments (PS3.5 §A.4)', () => {
    const fragments = { offsetTable: Uint8Array.of(0, 0, 0, 0), fragments: [Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5, 6), new Uint8Array(0)] };
    const dataSet = DataSet.of([element(tags.PixelData, 'OB', fragments)]);
    assert.deepEqual(plain(reread(dataSet, rleLossless)), plain(dataSet));
  });

  test('a standard element written as UN has the VR of the dictionary again, a private one stays UN (PS3.5 §6.2.2)', () => {
    const bytes = Buffer.concat([unElement(0x0011, 0x1010, 'x '), unElement(0x0020, 0x000d, '1.2.3\0')]);

    const read = readDataSet(bytes, '1.2.840.10008.1.2.1');

    assert.ok(read.ok);
    assert.equal(read.value.string(0x0020000d), '1.2.3');
    assert.equal(read.value.get(0x00111010)!.vr, 'UN');
  });

  test('a value too long for a 16-bit length goes out as UN (PS3.5 §6.2.2)', () => {
    const result = reread(DataSet.of([element(tags.DataPointColumns, 'UL', 1), element(0x00281203, 'LO', 'x'.repeat(70_000))]), explicitLittleEndian);
    assert.equal(result.get(0x00281203)?.vr, 'UN');
    assert.equal(result.bytes(0x00281203)?.length, 70_000);
  });

  test('what cannot be written is refused with its tag and reason', () => {
    const refused = (dataSet: DataSet, syntax: string, reason: RegExp): void => assert.throws(() => writeDataSet(dataSet, syntax), (thrown) => thrown instanceof DicomWriteError && reason.test(thrown.message));
    refused(image, rleLossless, /7FE0,0010.*native pixel data/);
    refused(DataSet.of([element(tags.PixelData, 'OB', { offsetTable: new Uint8Array(0), fragments: [] })]), explicitLittleEndian, /encapsulated pixel data/);
    refused(DataSet.of([element(tags.PatientName, 'PN', 'Jörg')]), explicitLittleEndian, /0010,0010.*no Specific Character Set/);
    refused(image.with(element(tags.PatientName, 'PN', '山田')), explicitLittleEndian, /ISO_IR 100 lacks/);
    refused(DataSet.of([element(tags.Rows, 'US', 70_000)]), explicitLittleEndian, /0028,0010/);
    refused(image, '1.2.3.4', /unknown transfer syntax/);
  });

  test('a text read in one character set is transcoded when the data set declares another', () => {
    const utf8 = reread(image, explicitLittleEndian).with(element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 192'));
    const bytes = Buffer.from(writeDataSet(utf8, explicitLittleEndian));
    assert.ok(bytes.includes(Buffer.from('Müller^Jörg', 'utf8')));
    assert.equal(reread(utf8, explicitLittleEndian).string(tags.PatientName), 'Müller^Jörg');
  });

  test('stopBefore reads the header alone, also when the pixel data are cut off', () => {
    const bytes = writeDataSet(image, explicitLittleEndian);
    const header = readDataSet(bytes.subarray(0, bytes.length - 2), explicitLittleEndian, { stopBefore: tags.PixelData });
    assert.ok(header.ok);
    assert.deepEqual(plain(header.value), plain(image.without(tags.PixelData)));
  });

  test('a file written is a file read, with meta information of the right length (PS3.10 §7.1)', () => {
    const bytes = writePart10({ dataSet: image, transferSyntaxUid: explicitLittleEndian, sourceAeTitle: 'ISOCENTER' });
    const file = readPart10(bytes);
    assert.ok(file.ok);
    assert.equal(file.value.transferSyntaxUid, explicitLittleEndian);
    assert.equal(file.value.fileMeta.string(tags.MediaStorageSOPInstanceUID), '1.2.3');
    const afterLength = 128 + 4 + 12;
    assert.equal(bytes.length - afterLength - file.value.fileMeta.number(tags.FileMetaInformationGroupLength)!, writeDataSet(image, explicitLittleEndian).length);
    assert.deepEqual(plain(file.value.dataSet), plain(image));
  });
});

suite('data set reader: hostile bytes', () => {
  const syntaxes = [explicitLittleEndian, implicitLittleEndian, explicitBigEndian, deflatedExplicitLittleEndian];

  test('random bytes never throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...syntaxes), (bytes, syntax) => {
      const result = readDataSet(bytes, syntax);
      if (result.ok) plain(result.value);
      readPart10(bytes);
    }), { numRuns: 3000 });
  });

  test('mutated data sets never throw', () => {
    const mutation = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });
    fc.assert(fc.property(arbitraryDataSet(), mutation, fc.constantFrom(explicitLittleEndian, explicitBigEndian), (dataSet, changes, syntax) => {
      const bytes = Uint8Array.from(writeDataSet(dataSet, syntax, { sequences: 'delimiter' }));
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      const result = readDataSet(bytes, syntax);
      if (result.ok) plain(result.value);
    }), { numRuns: 1000 });
  });

  test('a cut data set is TRUNCATED, with the place', () => {
    const bytes = writeDataSet(image, explicitLittleEndian);
    const result = readDataSet(bytes.subarray(0, bytes.length - 1), explicitLittleEndian);
    assert.ok(!result.ok && result.fault.code === 'TRUNCATED' && result.fault.tag === tags.PixelData);
  });

  test('nesting beyond the limit is TOO_DEEP, not a stack overflow', () => {
    const level = Buffer.from('0900011053510000fffffffffeff00e0ffffffff', 'hex');
    const result = readDataSet(Buffer.concat(Array.from({ length: 100_000 }, () => level)), explicitLittleEndian);
    assert.ok(!result.ok && result.fault.code === 'TOO_DEEP');
  });

  test('more elements than the limit are TOO_MANY_ELEMENTS', () => {
    const dataSet = DataSet.of([sequence(0x00091010, Array.from({ length: 200 }, () => DataSet.empty))]);
    const result = readDataSet(writeDataSet(dataSet, explicitLittleEndian), explicitLittleEndian, { maxElements: 100 });
    assert.ok(!result.ok && result.fault.code === 'TOO_MANY_ELEMENTS');
  });

  test('a deflate bomb stops at the limit', () => {
    const bomb = writeDataSet(DataSet.of([element(0x00091010, 'OB', new Uint8Array(8 << 20))]), deflatedExplicitLittleEndian);
    const result = readDataSet(bomb, deflatedExplicitLittleEndian, { maxInflatedBytes: 1 << 20 });
    assert.ok(!result.ok && result.fault.code === 'TOO_LONG');
  });

  test('UN of undefined length is a sequence in Implicit VR (PS3.5 §6.2.2)', () => {
    const bytes = Buffer.from('09000110554e0000fffffffffeff00e0ffffffff100020000400000041424320feff0de000000000feffdde000000000', 'hex');
    const result = readDataSet(bytes, explicitLittleEndian);
    assert.ok(result.ok);
    assert.equal(result.value.items(0x00091001)[0]?.string(tags.PatientID), 'ABC');
  });

  test('implicit content under an explicit name is read all the same', () => {
    const result = readDataSet(writeDataSet(image, implicitLittleEndian), explicitLittleEndian);
    assert.ok(result.ok && result.value.number(tags.Rows) === 2);
  });

  test('odd lengths are tolerated', () => {
    const result = readDataSet(Buffer.from('100020004c4f0300414243100030004441000', 'hex').subarray(0, 11), explicitLittleEndian);
    assert.ok(result.ok && result.value.string(tags.PatientID) === 'ABC');
  });
});

function unElement(group: number, element: number, text: string): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(element, 2);
  head.write('UN', 4);
  head.writeUInt32LE(text.length, 8);
  return Buffer.concat([head, Buffer.from(text, 'latin1')]);
}
