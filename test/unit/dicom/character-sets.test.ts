import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeText } from '../../../src/standards/dicom/character-set-encoders.ts';
import { characterSetOf, decodeText } from '../../../src/standards/dicom/character-sets.ts';
import type { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { readDataSet } from '../../../src/standards/dicom/data-set-reader.ts';
import { textNotes } from '../../../src/standards/dicom/raw-element.ts';

/** Bytes as PS3.5 prints them: text with `{1B}` for a byte. */
function bytes(text: string): Uint8Array {
  return Uint8Array.from(text.replaceAll(/\{(\w\w)\}/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), (char) => char.charCodeAt(0));
}

function decoded(terms: readonly string[], text: string, vr: 'PN' | 'LO' | 'LT' = 'PN'): { text: string; note?: string } {
  return decodeText(bytes(text), characterSetOf(terms), vr);
}

suite('character sets (PS3.3 §C.12.1.1.2, PS3.5 §6.1)', () => {
  const examples: readonly (readonly [what: string, terms: readonly string[], bytes: string, text: string])[] = [
    ['Latin 1', ['ISO_IR 100'], 'Buc^J{E9}r{F4}me', 'Buc^Jérôme'],
    ['Latin 2', ['ISO_IR 101'], 'Wa{B3}{EA}sa', 'Wałęsa'],
    ['Latin 3', ['ISO_IR 109'], '{A6}ej', 'Ĥej'],
    ['Latin 4', ['ISO_IR 110'], '{D0}or{F0}e', 'Đorđe'],
    ['Latin 5', ['ISO_IR 148'], '{C7}avu{FE}o{F0}lu', 'Çavuşoğlu'],
    ['Latin 9', ['ISO_IR 203'], '{A4}{BC}', '€Œ'],
    ['Cyrillic', ['ISO_IR 144'], '{BB}{EE}{DA}', 'Люк'],
    ['Arabic', ['ISO_IR 127'], '{E2}{C8}{C7}{E6}{EA}^{E4}{E6}{D2}{C7}{D1}', 'قباني^لنزار'],
    ['Greek', ['ISO_IR 126'], '{C4}{E9}{EF}{ED}{F5}{F3}{E9}{EF}{F2}', 'Διονυσιος'],
    ['Hebrew', ['ISO_IR 138'], '{F9}{F8}{E5}{EF}^{E3}{E1}{E5}{F8}{E4}', 'שרון^דבורה'],
    ['Thai', ['ISO_IR 166'], '{B9}{D2}{C1}', 'นาม'],
    ['half-width katakana', ['ISO_IR 13'], '{D4}{CF}{C0}{DE}^{C0}{DB}{B3}', 'ﾔﾏﾀﾞ^ﾀﾛｳ'],
    ['UTF-8, PS3.5 §J.1', ['ISO_IR 192'], 'Wang^XiaoDong={E7}{8E}{8B}^{E5}{B0}{8F}{E6}{9D}{B1}=', 'Wang^XiaoDong=王^小東='],
    ['GB18030, PS3.5 §J.2', ['GB18030'], 'Wang^XiaoDong={CD}{F5}^{D0}{A1}{B6}{AB}=', 'Wang^XiaoDong=王^小东='],
    ['GBK', ['GBK'], 'Wang={CD}{F5}', 'Wang=王'],
    ['Japanese, PS3.5 §H.3.1', ['', 'ISO 2022 IR 87'], 'Yamada^Tarou={1B}$B;3ED{1B}(B^{1B}$BB@O:{1B}(B={1B}$B$d$^$@{1B}(B^{1B}$B$?$m$&{1B}(B', 'Yamada^Tarou=山田^太郎=やまだ^たろう'],
    ['Japanese, PS3.5 §H.3.2', ['ISO 2022 IR 13', 'ISO 2022 IR 87'], '{D4}{CF}{C0}{DE}^{C0}{DB}{B3}={1B}$B;3ED{1B}(J^{1B}$BB@O:{1B}(J={1B}$B$d$^$@{1B}(J^{1B}$B$?$m$&{1B}(J', 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう'],
    ['Japanese, JIS X 0212', ['', 'ISO 2022 IR 159'], '{1B}$(D0!{1B}(B', '丂'],
    ['Korean, PS3.5 §I.2', ['', 'ISO 2022 IR 149'], 'Hong^Gildong={1B}$)C{FB}{F3}^{1B}$)C{D1}{CE}{D4}{D7}={1B}$)C{C8}{AB}^{1B}$)C{B1}{E6}{B5}{BF}', 'Hong^Gildong=洪^吉洞=홍^길동'],
    ['Chinese, PS3.5 §K.2', ['', 'ISO 2022 IR 58'], 'Zhang^XiaoDong={1B}$)A{D5}{C5}^{1B}$)A{D0}{A1}{B6}{AB}=', 'Zhang^XiaoDong=张^小东='],
    ['Greek behind Latin 1 by escape', ['ISO 2022 IR 100', 'ISO 2022 IR 126'], 'J{E9}{1B}-F{C4}{E9}', 'JéΔι'],
  ];
  for (const [what, terms, input, text] of examples) {
    test(`${what} reads as it should`, () => assert.deepEqual(decoded(terms, input), { text }));
  }

  test('sets go back to the initial ones at every delimiter of the VR (PS3.5 §6.1.2.5.3)', () => {
    const latinFirst = ['ISO 2022 IR 100', 'ISO 2022 IR 126'];
    assert.equal(decoded(latinFirst, '{1B}-F{C4}^{E9}').text, 'Δ^é');
    assert.equal(decoded(latinFirst, '{1B}-F{C4}={E9}').text, 'Δ=é');
    assert.equal(decoded(latinFirst, '{1B}-F{C4}\\{E9}', 'LO').text, 'Δ\\é');
    assert.equal(decoded(latinFirst, '{1B}-F{C4}^{E9}', 'LO').text, 'Δ^ι');
    assert.equal(decoded(latinFirst, '{1B}-F{C4}\r\n{E9}', 'LT').text, 'Δ\r\né');
    assert.equal(decoded(latinFirst, '{1B}-F{C4}\\{E9}', 'LT').text, 'Δ\\ι');
  });

  test('a backslash byte inside a double-byte character is no delimiter', () => {
    const dataSet = read(['GB18030'], bytes('{81}\\x\\y'), 'LO');
    assert.equal(dataSet.strings(0x00081030).length, 2);
  });

  suite('what is declared wrongly is read as well as it can be, with a note', () => {
    const cases: readonly (readonly [what: string, terms: readonly string[], bytes: string, text: string, note: string])[] = [
      ['nothing declared, UTF-8', [], 'J{C3}{A9}', 'Jé', 'undeclared-utf8'],
      ['nothing declared, Latin 1', [], 'J{E9}', 'Jé', 'undeclared-latin1'],
      ['an unknown term', ['ISO_IR 999'], 'J{C3}{A9}', 'Jé', 'unknown-term'],
      ['a misspelled term', ['ISO-IR_144'], '{BB}', 'Л', 'misspelled-term'],
      ['UTF-8 that is none', ['ISO_IR 192'], 'J{E9}r', 'Jér', 'not-as-declared'],
      ['ASCII declared, code extensions used', ['ISO_IR 6'], '{1B}$B;3ED{1B}(B', '山田', 'undesignated-bytes'],
      ['one set declared, code extensions used', ['ISO_IR 100'], '{1B}$B;3ED{1B}(B', '山田', 'not-as-declared'],
      ['Korean without its escape', ['', 'ISO 2022 IR 149'], '{C8}{AB}', '홍', 'undesignated-bytes'],
      ['an unknown escape', ['', 'ISO 2022 IR 87'], 'a{1B}%Gb{1B}$B;3{1B}(B', 'a%Gb山', 'unknown-escape'],
    ];
    for (const [what, terms, input, text, note] of cases) test(what, () => assert.deepEqual(decoded(terms, input), { text, note }));
  });

  test('notes of a data set come by path', () => {
    const dataSet = read([], bytes('J{E9}'), 'LO');
    assert.deepEqual([...textNotes(dataSet)], [['00081030', 'undeclared-latin1']]);
  });

  test('random bytes in any declared set never throw', () => {
    const terms = fc.array(fc.constantFrom('', 'ISO_IR 13', 'ISO 2022 IR 87', 'ISO 2022 IR 149', 'ISO 2022 IR 58', 'ISO_IR 192', 'GB18030', 'ISO_IR 138', 'nonsense'), { maxLength: 3 });
    fc.assert(fc.property(terms, fc.uint8Array({ maxLength: 60 }), (declared, input) => {
      for (const vr of ['PN', 'LO', 'LT'] as const) assert.equal(typeof decodeText(input, characterSetOf(declared), vr).text, 'string');
    }), { numRuns: 2000 });
  });

  suite('encoding', () => {
    for (const [what, terms, , text] of examples) {
      test(`${what} encodes and decodes to the same text`, () => {
        const encoded = encodeText(text, characterSetOf(terms));
        assert.ok(encoded !== undefined);
        assert.deepEqual(decodeText(encoded, characterSetOf(terms), 'PN'), { text });
      });
    }

    test('what a set lacks is refused, not replaced', () => {
      assert.equal(encodeText('山', characterSetOf(['ISO_IR 100'])), undefined);
      assert.equal(encodeText('é', characterSetOf([])), undefined);
      assert.equal(encodeText('😀', characterSetOf(['', 'ISO 2022 IR 87'])), undefined);
    });
  });
});

function read(terms: readonly string[], value: Uint8Array, vr: string): DataSet {
  const declared = terms.length === 0 ? Buffer.alloc(0) : head(0x0008, 0x0005, 'CS', Buffer.from(terms.join('\\')));
  const result = readDataSet(Buffer.concat([declared, head(0x0008, 0x1030, vr, value)]), '1.2.840.10008.1.2.1');
  assert.ok(result.ok);
  return result.value;
}

function head(group: number, number: number, vr: string, value: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(group, 0);
  header.writeUInt16LE(number, 2);
  header.write(vr, 4, 'latin1');
  header.writeUInt16LE(value.length, 6);
  return Buffer.concat([header, value]);
}
