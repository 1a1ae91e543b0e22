import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeMessage } from '../../../src/result-objects/hl7-fields.ts';
import { buildOruMessage } from '../../../src/result-objects/oru-message.ts';
import type { OruRequest } from '../../../src/result-objects/oru-message.ts';
import { context, negative, notAnalysable, positive, reportRequest } from './synthetic-analysis.ts';

const routing: OruRequest['routing'] = { sendingApplication: 'ISOCENTER', sendingFacility: 'RAD', receivingApplication: 'EHR', receivingFacility: 'HOSP', processingId: 'P' };

function message(analysis: typeof positive, given = context): readonly (readonly string[])[] {
  const text = buildOruMessage({ analysis, context: given, report: reportRequest(analysis, 'air34', given).identity, routing });
  assert.ok(text.endsWith('\r'));
  return text.slice(0, -1).split('\r').map((line) => line.split('|'));
}

suite('ORU^R01 of a run, HL7 v2.5.1', () => {
  const segments = message(positive);

  test('segments stand in the order of ORU_R01; the disclosure is the first observation and a note', () => {
    assert.deepEqual([...new Set(segments.map(([name]) => name))], ['MSH', 'PID', 'PV1', 'ORC', 'OBR', 'OBX', 'NTE']);
    assert.match(segments[5]?.[5] ?? '', /^AI-generated, not reviewed by a clinician/);
    assert.match(segments.at(-1)?.[3] ?? '', /^AI-generated/);
  });

  test('the header names type, version, character set and a control id of at most 20 characters that a retry keeps', () => {
    const [header] = segments;

    // MSH-1 is the separator itself, so MSH-n is element n - 1.
    assert.deepEqual([header?.[8], header?.[11], header?.[17]], ['ORU^R01^ORU_R01', '2.5.1', 'UNICODE UTF-8']);
    assert.match(header?.[9] ?? '', /^[0-9A-F]{20}$/);
    assert.equal(message(positive)[0]?.[9], header?.[9]);
    assert.notEqual(message(positive, { ...context, revision: 2 })[0]?.[9], header?.[9]);
  });

  test('the patient is told as the source has it, in the order of HL7 name components', () => {
    assert.deepEqual([segments[1]?.[3], segments[1]?.[5], segments[1]?.[7], segments[1]?.[8]], ['P-4711^^^HOSPITAL^MR', 'Müller^Jörg', '19600102', 'M']);
  });

  test('the order is preliminary, names the accession as placer field and has a filler number of our own over revisions', () => {
    const order = segments[4];

    assert.deepEqual([order?.[4], order?.[18], order?.[24], order?.[25]], ['24627-2^CT Chest^LN', 'A-77', 'RAD', 'P']);
    assert.notEqual(order?.[3]?.split('^')[0], 'A-77');
    assert.equal(message(positive, { ...context, revision: 2 })[4]?.[3], order?.[3]);
  });

  test('numbers of one finding share its sub-id; one that was not measured is X and empty', () => {
    const numbers = segments.filter((fields) => fields[2] === 'NM' && fields[4] === '1').map((fields) => [fields[3]?.split('^')[0], fields[5], fields[6]?.split('^')[0] ?? '', fields[11]]);

    assert.deepEqual(numbers, [
      ['103339001', '7.8', 'mm', 'P'],
      ['103340004', '6.1', 'mm', 'P'],
      ['118565006', '181.5', 'mm3', 'P'],
      ['112031', '', '', 'X'],
      ['122157', '0.9123', '1', 'P'],
    ]);
  });

  test('nothing found is Absent, not analysed is X', () => {
    const target = (analysis: typeof positive) => message(analysis).find((fields) => fields[4] === 'T1');

    assert.deepEqual([target(negative)?.[5], target(negative)?.[11]], ['2667000^Absent^SCT', 'P']);
    assert.deepEqual([target(notAnalysable)?.[5], target(notAnalysable)?.[11]], ['', 'X']);
  });

  test('no text can end a field or a segment  [HL7 v2.5.1 §2.7]', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // oxlint-disable-next-line no-control-regex
        assert.doesNotMatch(encodeMessage([{ name: 'NTE', fields: { 1: text, 2: 'x' } }]).slice('NTE|'.length, -'|x\r'.length), /[|^~&\u0000-\u001F]/);
      }),
    );
    assert.equal(encodeMessage([{ name: 'NTE', fields: { 2: ['a|b\\c', 'd\r\ne', ''] } }]), 'NTE||a\\F\\b\\E\\c^d\\.br\\e\r');
    const fields = message({ ...positive, summary: 'x|y\rOBX|99|ST' });
    assert.ok(!fields.some((segment) => segment[0] === 'OBX' && segment[1] === '99'));
  });
});
