import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import fc from 'fast-check';
import { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { readDataSet } from '../../../src/standards/dicom/data-set-reader.ts';
import { writeDataSet } from '../../../src/standards/dicom/data-set-writer.ts';
import { element, sequence } from '../../../src/standards/dicom/element.ts';
import { FIRST_PIXEL_TAG, HeaderScanner, scanHeader } from '../../../src/standards/dicom/header-scan.ts';
import { readPart10Start } from '../../../src/standards/dicom/part10.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { deflatedExplicitLittleEndian, explicitBigEndian, explicitLittleEndian, implicitLittleEndian } from '../../../src/standards/dicom/transfer-syntaxes.ts';
import { corpus } from '../../support/peers.ts';
import { arbitraryDataSet, plain } from './arbitrary-data-set.ts';

interface Parsed {
  readonly elements: Readonly<Record<string, { readonly dataOffset: number; readonly length: number; readonly tag: string }>>;
}
const dicomParser = createRequire(import.meta.url)('dicom-parser') as { parseDicom(bytes: Uint8Array, options?: { untilTag?: string }): Parsed };

const WANTED = new Set<number>([tags.SOPClassUID, tags.SOPInstanceUID, tags.StudyInstanceUID, tags.SeriesInstanceUID, tags.PatientName, tags.PatientID, tags.StudyDate, tags.Modality, tags.Rows, tags.NumberOfFrames]);

/** Pushes bytes in pieces of the given sizes, over and over. */
function scanInPieces(bytes: Uint8Array, syntax: string, sizes: readonly number[], wanted: ReadonlySet<number> = WANTED): { scanner: HeaderScanner; state: unknown } {
  const scanner = new HeaderScanner(syntax, wanted);
  let state: unknown = 'more';
  for (let at = 0, i = 0; at < bytes.length && state === 'more'; i++) {
    const size = sizes[i % sizes.length]!;
    // A fresh copy that is overwritten afterwards: the scanner must keep no reference.
    const piece = Uint8Array.from(bytes.subarray(at, at + size));
    state = scanner.push(piece);
    piece.fill(0xee);
    at += size;
  }
  return { scanner, state: state === 'more' ? scanner.end() : state };
}

const wantedOf = (dataSet: DataSet, wanted: ReadonlySet<number>): DataSet => DataSet.of([...dataSet].filter((e) => (wanted.has(e.tag) || e.tag === tags.SpecificCharacterSet) && e.vr !== 'SQ'));

suite('header scanner', () => {
  test('finds what a full read finds, in every syntax, however the bytes are cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    const syntaxes = fc.constantFrom(explicitLittleEndian, explicitBigEndian);
    fc.assert(
      fc.property(arbitraryDataSet(), sizes, syntaxes, fc.constantFrom('length', 'delimiter'), (dataSet, pieces, syntax, sequences) => {
        const bytes = writeDataSet(dataSet, syntax, { sequences });
        const wanted = new Set([...dataSet].filter((_, i) => i % 2 === 0).map((e) => e.tag));
        const { scanner, state } = scanInPieces(bytes, syntax, pieces, wanted);
        assert.equal(state, 'done');
        assert.deepEqual(plain(scanner.values()), plain(wantedOf(dataSet, wanted)));
        assert.equal(scanner.headerLength, bytes.length);
      }),
      { numRuns: 500 },
    );
  });

  test('stops at the pixel data and says where they begin', () => {
    const head = DataSet.of([element(tags.PatientID, 'LO', 'A'), element(tags.Rows, 'US', 2)]);
    for (const syntax of [explicitLittleEndian, implicitLittleEndian, explicitBigEndian]) {
      const bytes = writeDataSet(head.with(element(tags.PixelData, 'OW', new Uint8Array(100))), syntax);
      for (const size of [1, 7, 1000]) {
        const { scanner, state } = scanInPieces(bytes, syntax, [size]);
        assert.equal(state, 'done');
        assert.equal(scanner.headerLength, writeDataSet(head, syntax).length);
        assert.equal(scanner.values().number(tags.Rows), 2);
        assert.equal(scanner.push(Uint8Array.of(1, 2, 3)), 'done');
      }
    }
  });

  test('passes over nested sequences of undefined length, UN ones too (PS3.5 §6.2.2, §7.5.2)', () => {
    const inner = sequence(0x00091003, DataSet.of([element(tags.PatientID, 'LO', 'WRONG')]));
    const dataSet = DataSet.of([sequence(0x00091001, DataSet.of([inner]), DataSet.empty), element(tags.PatientID, 'LO', 'RIGHT')]);
    const { scanner, state } = scanInPieces(writeDataSet(dataSet, explicitLittleEndian, { sequences: 'delimiter' }), explicitLittleEndian, [3]);
    assert.equal(state, 'done');
    assert.equal(scanner.values().string(tags.PatientID), 'RIGHT');
    const unknown = Buffer.from('09000110554e0000fffffffffeff00e0ffffffff100020000400000041424320feff0de000000000feffdde000000000100020004c4f040052494748', 'hex');
    assert.equal(scanInPieces(unknown, explicitLittleEndian, [5]).scanner.values().string(tags.PatientID), 'RIGH');
  });

  test('text comes in the character set of the data set', () => {
    const dataSet = DataSet.of([element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 100'), element(tags.PatientName, 'PN', 'Müller^Jörg')]);
    assert.equal(scanInPieces(writeDataSet(dataSet, explicitLittleEndian), explicitLittleEndian, [4]).scanner.values().string(tags.PatientName), 'Müller^Jörg');
  });

  test('a wanted value over the limit is passed over and named', () => {
    const bytes = writeDataSet(DataSet.of([element(tags.PatientID, 'LO', 'x'.repeat(500)), element(tags.Rows, 'US', 9)]), explicitLittleEndian);
    const scanner = new HeaderScanner(explicitLittleEndian, WANTED, { maxValueBytes: 100 });
    assert.equal(scanner.push(bytes), 'more');
    assert.equal(scanner.end(), 'done');
    assert.deepEqual(scanner.oversized, [tags.PatientID]);
    assert.equal(scanner.values().number(tags.Rows), 9);
  });

  test('faults: cut off, nested too deep, no item where one must stand', () => {
    const cut = new HeaderScanner(explicitLittleEndian, WANTED);
    cut.push(Buffer.from('100020004c4f0a004142', 'hex'));
    assert.equal((cut.end() as { code: string }).code, 'TRUNCATED');
    const level = Buffer.from('0900011053510000fffffffffeff00e0ffffffff', 'hex');
    const deep = new HeaderScanner(explicitLittleEndian, WANTED).push(Buffer.concat(Array.from({ length: 10_000 }, () => level)));
    assert.ok(typeof deep !== 'string' && deep.code === 'TOO_DEEP');
    const bad = new HeaderScanner(explicitLittleEndian, WANTED).push(Buffer.from('0900011053510000ffffffff100020004c4f0a004142', 'hex'));
    assert.ok(typeof bad !== 'string' && bad.code === 'BAD_ITEM');
  });

  test('a deflated data set is refused in pieces and read whole (PS3.5 §A.5)', () => {
    const bytes = writeDataSet(DataSet.of([element(tags.PatientID, 'LO', 'A')]), deflatedExplicitLittleEndian);
    const state = new HeaderScanner(deflatedExplicitLittleEndian, WANTED).push(bytes);
    assert.ok(typeof state !== 'string' && state.code === 'UNSUPPORTED');
    const whole = scanHeader(bytes, deflatedExplicitLittleEndian, WANTED);
    assert.ok(whole.ok && whole.value.values.string(tags.PatientID) === 'A');
  });

  test('random bytes never throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(explicitLittleEndian, implicitLittleEndian, explicitBigEndian), fc.integer({ min: 1, max: 30 }), (bytes, syntax, size) => {
      const { scanner } = scanInPieces(bytes, syntax, [size]);
      plain(scanner.values());
    }), { numRuns: 3000 });
  });

  test('a wanted value that was cut off is no value, not what lay in memory before', () => {
    const bytes = writeDataSet(DataSet.of([element(tags.SOPClassUID, 'UI', '1.2.3'), element(tags.PatientID, 'LO', 'P'.repeat(60))]), explicitLittleEndian);
    const { scanner, state } = scanInPieces(bytes.subarray(0, -50), explicitLittleEndian, [7]);

    assert.equal((scanner.end() as { code: string }).code, 'TRUNCATED', String(state));
    assert.equal(scanner.field(tags.PatientID), undefined);
    assert.deepEqual([scanner.values().string(tags.SOPClassUID), scanner.values().get(tags.PatientID)], ['1.2.3', undefined]);
  });

  test('an element, or a header, that is longer than the limit is TOO_LONG in whatever pieces it comes, before its bytes are awaited', () => {
    const long = (length: number): Uint8Array => writeDataSet(DataSet.of([element(tags.PatientID, 'LO', 'P1'), { tag: 0x00211010, vr: 'OB', value: new Uint8Array(length) }, { tag: 0x00211011, vr: 'OB', value: new Uint8Array(length) }]), explicitLittleEndian);
    const outcome = (bytes: Uint8Array, limits: object, piece: number): string => {
      const scanner = new HeaderScanner(explicitLittleEndian, WANTED, limits);
      let state: unknown = 'more';
      for (let at = 0; at < bytes.length && state === 'more'; at += piece) state = scanner.push(bytes.subarray(at, at + piece));
      return state === 'more' || state === 'done' ? state : (state as { code: string }).code;
    };

    for (const piece of [1, 13, 100, 10_000]) {
      assert.equal(outcome(long(1_000), { maxElementBytes: 1_000 }, piece), 'more', `element, ${piece}`);
      assert.equal(outcome(long(1_002), { maxElementBytes: 1_000 }, piece), 'TOO_LONG', `element, ${piece}`);
      assert.equal(outcome(long(1_000), { maxHeaderBytes: 1_900 }, piece), 'TOO_LONG', `header, ${piece}`);
      assert.equal(outcome(long(1_000), { maxHeaderBytes: 2_500 }, piece), 'more', `header, ${piece}`);
    }
    assert.equal(outcome(long(2_000).subarray(0, 60), { maxElementBytes: 1_000 }, 60), 'TOO_LONG');
  });

  test('agrees with dicom-parser on the corpus', function () {
    const root = corpus(this);
    let compared = 0;
    for (const file of (readdirSync(root, { recursive: true }) as string[]).filter((name) => name.endsWith('.dcm') && !name.startsWith('broken'))) {
      const bytes = readFileSync(path.join(root, file));
      const start = readPart10Start(bytes);
      assert.ok(start.ok, file);
      const { dataSetOffset, transferSyntaxUid } = start.value;
      if (transferSyntaxUid === deflatedExplicitLittleEndian) continue;
      let oracle: Parsed;
      try {
        oracle = dicomParser.parseDicom(bytes, { untilTag: 'x7fe00010' });
      } catch {
        continue; // dicom-parser wants a preamble
      }
      const { scanner } = scanInPieces(bytes.subarray(dataSetOffset), transferSyntaxUid, [16_384]);
      for (const tag of WANTED) {
        const theirs = oracle.elements[`x${tag.toString(16).padStart(8, '0')}`];
        const field = scanner.field(tag);
        assert.deepEqual(field && Buffer.from(field).toString('hex'), theirs && bytes.subarray(theirs.dataOffset, theirs.dataOffset + theirs.length).toString('hex'), `${file} ${tag.toString(16)}`);
        compared++;
      }
      const pixels = oracle.elements['x7fe00010'];
      if (pixels !== undefined) {
        const length = transferSyntaxUid === implicitLittleEndian ? 8 : 12;
        assert.equal(scanner.headerLength + length, pixels.dataOffset - dataSetOffset, file);
      }
    }
    assert.ok(compared > 1000);
  });

  test('on the corpus, broken files included, it picks what a full read of the header holds', function () {
    const root = corpus(this);
    for (const file of (readdirSync(root, { recursive: true }) as string[]).filter((name) => name.endsWith('.dcm'))) {
      const bytes = readFileSync(path.join(root, file));
      const start = readPart10Start(bytes);
      if (!start.ok) continue;
      const content = bytes.subarray(start.value.dataSetOffset);
      const read = readDataSet(content, start.value.transferSyntaxUid, { stopBefore: FIRST_PIXEL_TAG });
      if (!read.ok) continue;
      const scanned = scanHeader(content, start.value.transferSyntaxUid, WANTED, { maxValueBytes: 1 << 20 });
      assert.ok(scanned.ok, file);
      assert.deepEqual(plain(scanned.value.values), plain(wantedOf(read.value, WANTED)), file);
    }
  });
});
