import assert from 'node:assert/strict';
import { descendants } from '../../../src/result-objects/content-item.ts';
import type { ContainerItem, ContentItem } from '../../../src/result-objects/content-item.ts';
import { readContentTree } from '../../../src/result-objects/content-item-reader.ts';
import { buildSegmentation } from '../../../src/result-objects/segmentation.ts';
import { buildStructuredReport } from '../../../src/result-objects/structured-report.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { context, model, outcomes, positive, projection, reportRequest, segmentationRequest } from '../../unit/result-objects/synthetic-analysis.ts';

/** What viewers were seen to need, and IHE AIR §6.5.3.1; the numbers are those of docs/conformance/ihe-air.md. */
suite('IHE AIR and viewer rules', () => {
  for (const [name, analysis] of Object.entries(outcomes)) {
    for (const profile of ['air34', 'compat33'] as const) {
      const report = buildStructuredReport(reportRequest(analysis, profile));
      const root = readContentTree(report);
      const items = [...descendants(root)];
      const groups = items.filter((item): item is ContainerItem => item.valueType === 'CONTAINER' && item.concept?.value === '125007');
      const title = `${name}, ${profile}`;

      test(`${title}: meanings that viewers compare are spelt as in PS3.16`, () => {
        const spelt: Readonly<Record<string, string>> = { '126010': 'Imaging Measurements', '125007': 'Measurement Group', '112039': 'Tracking Identifier', '112040': 'Tracking Unique Identifier', '121071': 'Finding' };
        for (const { concept } of items) if (concept !== null && concept.value in spelt) assert.equal(concept.meaning, spelt[concept.value]);
      });

      test(`${title}: the tracking UID is the first UIDREF of its group, the drawn group is the first of its tracking UID`, () => {
        const seen = new Set<string>();
        for (const group of groups) {
          const first = group.children.find((child) => child.valueType === 'UIDREF');
          assert.equal(first?.concept?.value, '112040');
          const uid = first.valueType === 'UIDREF' ? first.text : '';
          const drawn = group.children.some((child) => child.valueType === 'SCOORD' || child.valueType === 'SCOORD3D');
          if (drawn) assert.ok(!seen.has(uid));
          seen.add(uid);
        }
      });

      test(`${title}: a group without drawing has a number, and each of its numbers has a child`, () => {
        for (const group of groups.filter((candidate) => !candidate.children.some((child) => child.valueType === 'SCOORD' || child.valueType === 'SCOORD3D'))) {
          const numbers = group.children.filter((child) => child.valueType === 'NUM');
          assert.ok(numbers.length > 0);
          for (const number of numbers) assert.ok(number.children.length > 0);
        }
      });

      test(`${title}: graphics are of types that viewers draw; a closed contour repeats its first point exactly`, () => {
        for (const item of items) {
          if (item.valueType !== 'SCOORD' && item.valueType !== 'SCOORD3D') continue;
          assert.ok(['POINT', 'POLYLINE'].includes(item.graphicType));
          const size = item.valueType === 'SCOORD' ? 2 : 3;
          if (item.points.length > 2 * size) assert.deepEqual(item.points.slice(0, size), item.points.slice(-size));
        }
      });

      test(`${title}: evidence has one item a study and one a series, source images first`, () => {
        const studies = report.items(tags.CurrentRequestedProcedureEvidenceSequence);
        assert.equal(studies.length, 1);
        const series = studies[0]!.items(tags.ReferencedSeriesSequence).map((item) => item.string(tags.SeriesInstanceUID));
        assert.equal(series[0], analysis.source.seriesInstanceUid);
        assert.equal(new Set(series).size, series.length);
      });

      test(`${title}: the algorithm in the tree is the one in Contributing Equipment, value for value  [IHE AIR G1–G7]`, () => {
        const [equipment] = report.items(tags.ContributingEquipmentSequence);
        assert.equal(equipment?.items(tags.PurposeOfReferenceCodeSequence)[0]?.string(tags.CodeValue), '109102');
        assert.deepEqual([tags.Manufacturer, tags.ManufacturerModelName, tags.SoftwareVersions, tags.DeviceUID].map((tag) => equipment.string(tag)), [model.manufacturer, model.name, model.version, model.deviceUid]);
        const said = (value: string): readonly (string | undefined)[] => [...new Set(items.filter((item) => item.concept?.value === value).map(textOf))];
        assert.deepEqual(said('121012'), [model.deviceUid]);
        assert.deepEqual(said('121014'), [model.manufacturer]);
        assert.deepEqual(said('121015'), [model.name]);
        for (const [value, expected] of [['111001', model.name], ['111003', model.version]] as const) assert.ok(said(value).every((text) => text === expected));
      });

      test(`${title}: numbers are DS of at most 16 characters in UCUM, each with an Observation UID of its own`, () => {
        const numbers = groups.flatMap((group) => group.children).filter((child) => child.valueType === 'NUM');
        for (const number of numbers) assert.ok(number.value === null || (number.value.length <= 16 && number.unit?.scheme === 'UCUM'));
        const uids = [...groups, ...numbers].map((item) => item.observationUid);
        assert.equal(new Set(uids).size, uids.length);
        assert.ok(!uids.includes(undefined));
        assert.ok(groups.every((group) => group.observedAt !== undefined));
      });
    }
  }

  test('SCOORD of compat33 names its image “Original Source”, single instance, no frame number on a single-frame image', () => {
    const drawn = [...descendants(readContentTree(buildStructuredReport(reportRequest(positive, 'compat33'))))].filter((item) => item.valueType === 'SCOORD');

    for (const item of drawn) {
      const [image] = item.children;
      assert.deepEqual([image?.concept?.value, image?.relationship, image?.valueType === 'IMAGE' ? image.reference?.frames : null], ['111040', 'SELECTED FROM', []]);
    }
    assert.equal(drawn.length, 2);
  });

  test('a box is five points with its purpose “Bounded by”', () => {
    const group = [...descendants(readContentTree(buildStructuredReport(reportRequest(projection))))].find((item) => item.concept?.value === '125007');
    const purpose = group?.children.find((child) => child.concept?.value === '130400');
    const region = group?.children.find((child) => child.valueType === 'SCOORD');

    assert.equal(purpose?.valueType === 'CODE' ? purpose.code?.value : '', '75958009');
    assert.deepEqual(region?.valueType === 'SCOORD' ? region.points : [], [2, 3, 11, 3, 11, 9.5, 2, 9.5, 2, 3]);
  });

  test('tracking pairs of SEG and SR are equal, and the SEG refers to the source series alone', () => {
    const segmentation = buildSegmentation(segmentationRequest(positive))!;
    const pairs = segmentation.items(tags.SegmentSequence).map((segment) => [segment.string(tags.TrackingID), segment.string(tags.TrackingUID)]);

    assert.deepEqual(pairs, positive.findings.map((finding) => [finding.trackingId, finding.trackingUid]));
    assert.deepEqual(segmentation.items(tags.ReferencedSeriesSequence).map((series) => series.string(tags.SeriesInstanceUID)), [positive.source.seriesInstanceUid]);
    assert.equal(segmentation.items(tags.ReferencedSeriesSequence)[0]?.items(tags.ReferencedInstanceSequence).length, positive.source.images.length);
  });

  test('a new model build has another Device UID in equipment, observer and FHIR  [IHE AIR G6]', () => {
    const rebuilt = { ...positive, model: { ...model, deviceUid: '2.25.7' } };
    const report = buildStructuredReport(reportRequest(rebuilt, 'air34', context));

    assert.equal(report.items(tags.ContributingEquipmentSequence)[0]?.string(tags.DeviceUID), '2.25.7');
    assert.equal([...descendants(readContentTree(report))].filter((item) => item.concept?.value === '121012').map(textOf)[0], '2.25.7');
  });
});

function textOf(item: ContentItem): string | undefined {
  return 'text' in item ? item.text : undefined;
}
