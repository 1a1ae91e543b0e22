import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readAcknowledgement } from '../../../src/standards/hl7v2/acknowledgement.ts';
import { encodeMessage, escapeText, readMessage } from '../../../src/standards/hl7v2/message.ts';

const msh = { name: 'MSH', fields: ['APP', 'FAC', '', '', '20260101', '', ['ORU', 'R01', 'ORU_R01'], 'ID1', 'P', '2.5.1'] } as const;

suite('HL7 v2 messages [v2.5.1 chapter 2]', () => {
  test('segments end with CR, MSH names the delimiters, trailing empty fields are left out [§2.5]', () => {
    const text = encodeMessage([msh, { name: 'OBX', fields: ['1', 'TX', ['a', 'b', ''], '', 'x', '', ''] }]);

    assert.equal(text, 'MSH|^~\\&|APP|FAC|||20260101||ORU^R01^ORU_R01|ID1|P|2.5.1\rOBX|1|TX|a^b||x\r');
  });

  test('delimiters in text are escaped, line ends become .br, other controls vanish [§2.7]', () => {
    assert.equal(escapeText('a|b^c&d~e\\f\r\ng\nh\u0000\u001c'), 'a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f\\.br\\g\\.br\\h');
  });

  test('subcomponents are joined by the ampersand', () => {
    assert.equal(encodeMessage([{ name: 'PID', fields: ['1', '', ['7', '', '', ['HOSP', '1.2', 'ISO'], 'MR']] }]), 'PID|1||7^^^HOSP&1.2&ISO^MR\r');
  });

  test('no text can break out of its field', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (first, second) => {
        const read = readMessage(encodeMessage([msh, { name: 'OBX', fields: [first, [second, 'x'], 'end'] }]));
        return read.ok && read.value.segments.length === 2 && read.value.field('OBX', 3) === 'end' && read.value.field('OBX', 2).endsWith('^x');
      }),
      { numRuns: 500 },
    );
  });

  test('fields are numbered as the standard does, MSH too', () => {
    const read = readMessage('MSH|^~\\&|APP|FAC|||20260101||ORU^R01^ORU_R01|ID1|P|2.5.1\rPID|1\r');

    assert.ok(read.ok);
    assert.equal(read.value.field('MSH', 1), '|');
    assert.equal(read.value.field('MSH', 2), '^~\\&');
    assert.equal(read.value.field('MSH', 10), 'ID1');
    assert.equal(read.value.field('PID', 1), '1');
    assert.equal(read.value.field('ZZZ', 1), '');
  });

  test('an acknowledgement: code, MSA-2 and the codes of ERR-3 [§2.15.8, table 0357]', () => {
    const read = readAcknowledgement('MSH|^~\\&|A|B|C|D|1||ACK|1|P|2.5.1\rMSA|AE|ID1|text\rERR||PID^1^5|101^Required field missing^HL70357|E\rERR|||207^Internal^HL70357|E\r');

    assert.deepEqual(read, { ok: true, value: { code: 'AE', controlId: 'ID1', errorCodes: ['101', '207'] } });
  });

  test('what is no acknowledgement is a fault, never a throw', () => {
    assert.equal(readAcknowledgement('').ok, false);
    assert.equal(readAcknowledgement('MSH|^~\\&|A\rMSA|OK|1\r').ok, false);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof readAcknowledgement(text).ok === 'boolean'));
  });
});
