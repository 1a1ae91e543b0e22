import assert from 'node:assert/strict';
import { reportDocument } from '../../../src/result-objects/report-document.ts';
import { conclusionText, reportHtml, reportNarrative, reportText } from '../../../src/result-objects/report-text.ts';
import { context, negative, notAnalysable, positive } from './synthetic-analysis.ts';

suite('report that a doctor reads', () => {
  test('the disclosure is the first line of text, conclusion and HTML', () => {
    const report = reportDocument(positive, context);
    const first = 'AI-generated, not reviewed by a clinician - Reference lung nodule CT 1.0.0, No regulatory clearance; demonstration only';

    assert.equal(reportText(report).split('\n')[0], first);
    assert.equal(conclusionText(report).split('\n')[0], first);
    assert.ok(reportHtml(report).includes(`<body><p class="ai"><b>${first}</b></p>`));
  });

  test('a finding is one line with place, sizes, kind, probability and image', () => {
    assert.ok(
      reportText(reportDocument(positive, context)).includes(
        'nodule-1: Nodule, Upper lobe of lung, right; Long axis 7.8 mm; Short axis 6.1 mm; Volume 181.5 mm³; Mean Attenuation Coefficient: not measured (Measurement failure); Solid pulmonary nodule; probability 91 %; image 4 of 12 (instance number 4).',
      ),
    );
  });

  test('nothing found and nothing analysed are different sentences', () => {
    assert.match(conclusionText(reportDocument(negative, context)), /Nodule \(Lung\): not found by the algorithm, highest probability 12 %/);
    assert.match(conclusionText(reportDocument(notAnalysable, context)), /could not be analysed/);
    assert.doesNotMatch(conclusionText(reportDocument(notAnalysable, context)), /not found/);
  });

  test('markup in names and texts is escaped, control characters are dropped', () => {
    const summary = 'a <script>alert("1")</script> & \u0001b';

    const html = reportNarrative(reportDocument({ ...positive, summary }, context));

    assert.ok(html.includes('a &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; b'));
  });
});
