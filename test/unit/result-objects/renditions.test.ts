import assert from 'node:assert/strict';
import { dumpStructuredReport } from '../../../src/result-objects/dump-structured-report.ts';
import { buildKeyObjectSelection } from '../../../src/result-objects/key-object-selection.ts';
import { buildPresentationState } from '../../../src/result-objects/presentation-state.ts';
import { resultIdentity } from '../../../src/result-objects/result-uids.ts';
import { element } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { columns, context, negative, positive, projection, rows, sourceImages } from './synthetic-analysis.ts';

const keyObjects = (analysis: typeof positive) => buildKeyObjectSelection({ analysis, context, identity: resultIdentity(analysis, 'key-objects', 1) });
const overlay = (analysis: typeof positive, given = context) => buildPresentationState({ analysis, context: given, identity: resultIdentity(analysis, 'presentation-state', 1) });

suite('renditions for viewers without SR', () => {
  test('key objects are the first image of each finding, in the evidence too, under “Of Interest”  [PS3.16 TID 2010]', () => {
    const built = keyObjects(positive)!;

    const dump = dumpStructuredReport(built);
    assert.match(dump, /^CONTAINER \(113000, DCM, "Of Interest"\) = TID 2010/);
    assert.match(dump, /AI-generated, not reviewed/);
    const listed = built.items(tags.CurrentRequestedProcedureEvidenceSequence)[0]?.items(tags.ReferencedSeriesSequence)[0]?.items(tags.ReferencedSOPSequence);
    assert.deepEqual(listed?.map((item) => item.string(tags.ReferencedSOPInstanceUID)), [sourceImages[3]!.sopInstanceUid, sourceImages[6]!.sopInstanceUid]);
  });

  test('nothing to show gives no object', () => {
    assert.equal(keyObjects(negative), undefined);
    assert.equal(overlay(negative), undefined);
  });

  test('an overlay draws the long axis in pixels of its image and names the finding with its sizes  [PS3.3 §C.10.5]', () => {
    const annotation = overlay(positive)!.items(tags.GraphicAnnotationSequence)[0]!;

    const graphic = annotation.items(tags.GraphicObjectSequence)[0];
    assert.equal(annotation.items(tags.ReferencedImageSequence)[0]?.string(tags.ReferencedSOPInstanceUID), sourceImages[3]!.sopInstanceUid);
    assert.ok(Math.abs((graphic?.numbers(tags.GraphicData)[0] ?? 0) - 5.5) < 1e-6);
    assert.deepEqual(annotation.items(tags.TextObjectSequence).map((text) => text.string(tags.UnformattedTextValue)?.slice(0, 22)), ['nodule-1, Long axis 7.', 'AI-generated, not revi']);
  });

  test('the displayed area is the whole image, its corners counted from 1  [PS3.3 §C.10.4]', () => {
    const area = overlay(projection)!.items(tags.DisplayedAreaSelectionSequence)[0];

    assert.deepEqual(area?.numbers(tags.DisplayedAreaTopLeftHandCorner), [1, 1]);
    assert.deepEqual(area?.numbers(tags.DisplayedAreaBottomRightHandCorner), [columns, rows]);
  });

  test('a MONOCHROME1 source stays inverted, a colour source gets no grayscale overlay', () => {
    const as = (photometric: string) => ({ ...context, headers: new Map([...context.headers].map(([uid, header]) => [uid, header.with(element(tags.PhotometricInterpretation, 'CS', photometric))])) });

    assert.equal(overlay(positive, as('MONOCHROME1'))?.string(tags.PresentationLUTShape), 'INVERSE');
    assert.equal(overlay(positive)?.string(tags.PresentationLUTShape), 'IDENTITY');
    assert.equal(overlay(positive, as('RGB')), undefined);
  });
});
