import assert from 'node:assert/strict';
import { descendants, type ContainerItem, type ContentItem } from '../../../src/result-objects/content-item.ts';
import { readContentTree } from '../../../src/result-objects/content-item-reader.ts';
import { unpackFrame } from '../../../src/result-objects/bit-packing.ts';
import type { ReportProfile } from '../../../src/result-objects/report-request.ts';
import { resultIdentity } from '../../../src/result-objects/result-uids.ts';
import { buildSegmentation } from '../../../src/result-objects/segmentation.ts';
import { buildStructuredReport } from '../../../src/result-objects/structured-report.ts';
import { toDicomJson } from '../../../src/standards/dicom/json-model.ts';
import type { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { endings, systems, type SystemRun } from '../../support/system-analyses.ts';
import { context, outcomes, sourceDataSets } from '../../unit/result-objects/synthetic-analysis.ts';

interface Made extends SystemRun {
  readonly name: string;
  readonly profile: ReportProfile;
  readonly report: DataSet;
  readonly segmentation: DataSet | undefined;
  readonly items: readonly ContentItem[];
  readonly groups: readonly ContainerItem[];
}

let runs: readonly Made[] = [];

/** Every ending of every system and of the synthetic CT, in both profiles. */
function makeRuns(): readonly Made[] {
  const given: (readonly [string, SystemRun])[] = [
    ...Object.entries(outcomes).map(([name, analysis]) => [name, { analysis, context, sources: sourceDataSets() }] as const),
    ...Object.entries(systems).flatMap(([system, make]) => Object.entries(endings(make())).map(([ending, run]) => [`${system} ${ending}`, run] as const)),
  ];
  return given.flatMap(([name, run]) => (['air34', 'compat33'] as const).map((profile) => madeOf(name, run, profile)));
}

function madeOf(name: string, run: SystemRun, profile: ReportProfile): Made {
  const { analysis } = run;
  const identity = resultIdentity(analysis, 'segmentation', 1);
  const segmentation = buildSegmentation({ analysis, context: run.context, identity });
  const role = profile === 'air34' ? 'structured-report' : 'structured-report-2d';
  const report = buildStructuredReport({ analysis, context: run.context, identity: resultIdentity(analysis, role, 1), segmentation: segmentation === undefined ? null : identity, profile });
  const items = [...descendants(readContentTree(report))];
  const groups = items.filter((item): item is ContainerItem => item.valueType === 'CONTAINER' && item.concept?.value === '125007');
  return { ...run, name: `${name}, ${profile}`, profile, report, segmentation, items, groups };
}

const isDrawing = (item: ContentItem): boolean => item.valueType === 'SCOORD' || item.valueType === 'SCOORD3D';
const child = (group: ContentItem, value: string): ContentItem | undefined => group.children.find((item) => item.concept?.value === value);
const textOf = (item: ContentItem | undefined): string => (item !== undefined && 'text' in item ? item.text : '');
const evidence = (report: DataSet): readonly DataSet[] => report.items(tags.CurrentRequestedProcedureEvidenceSequence).flatMap((study) => study.items(tags.ReferencedSeriesSequence));
const frames = (segmentation: DataSet): readonly DataSet[] => segmentation.items(tags.PerFrameFunctionalGroupsSequence);

/** One test per assertion of the reference on IHE AIR and viewers; the numbers stand in docs/conformance/ihe-air.md. */
const assertions: Readonly<Record<string, (made: Made) => void>> = {
  '1: the root is Imaging Measurement Report, TID 1500 of DCMR': ({ report, items }) => {
    const [root] = items;
    assert.deepEqual([root?.concept?.value, root?.concept?.scheme, report.items(tags.ContentTemplateSequence)[0]?.string(tags.TemplateIdentifier), report.items(tags.ContentTemplateSequence)[0]?.string(tags.MappingResource)], ['126000', 'DCM', '1500', 'DCMR']);
  },
  '2: code meanings that viewers compare are exactly those of PS3.16': ({ items }) => {
    const spelt: Readonly<Record<string, string>> = { '126010': 'Imaging Measurements', '125007': 'Measurement Group', '112039': 'Tracking Identifier', '112040': 'Tracking Unique Identifier', '121071': 'Finding' };
    for (const { concept } of items) if (concept?.scheme === 'DCM' && concept.value in spelt) assert.equal(concept.meaning, spelt[concept.value]);
  },
  '3: one SR and one SEG a series, never the series of a source': ({ report, segmentation, analysis }) => {
    const series = [report, segmentation].flatMap((object) => object?.string(tags.SeriesInstanceUID) ?? []);
    assert.equal(new Set([...series, analysis.source.seriesInstanceUid]).size, series.length + 1);
  },
  '4: each group has identifier and UID, the UID before any other UIDREF in document order': ({ groups }) => {
    for (const group of groups) {
      assert.notEqual(textOf(child(group, '112039')), '');
      assert.equal(group.children.find(({ valueType }) => valueType === 'UIDREF')?.concept?.value, '112040');
    }
  },
  '5: at most one drawing a tracking UID, in its first group': ({ groups }) => {
    const seen = new Map<string, number>();
    for (const group of groups) {
      const uid = textOf(child(group, '112040'));
      const drawings = group.children.filter(isDrawing).length;
      assert.ok(drawings === 0 || !seen.has(uid));
      assert.ok(drawings <= 1);
      seen.set(uid, drawings);
    }
  },
  '6: each group says its template': ({ groups }) => groups.forEach(({ template }) => assert.ok(['1410', '1411', '1501'].includes(template))),
  '7: a SCOORD is SELECTED FROM one instance, with a frame number for multi-frame images only': ({ items, sources }) => {
    for (const item of items.filter(({ valueType }) => valueType === 'SCOORD')) {
      assert.equal(item.children.length, 1);
      const [image] = item.children;
      assert.ok(image?.valueType === 'IMAGE' && image.relationship === 'SELECTED FROM' && image.reference !== null);
      const source = sources.find((dataSet) => dataSet.string(tags.SOPInstanceUID) === image.reference?.sopInstanceUid);
      assert.equal(image.reference.frames.length, (source?.number(tags.NumberOfFrames) ?? 1) > 1 ? 1 : 0);
    }
  },
  '8: compat33 is Comprehensive SR without SCOORD3D, its images named Original Source': ({ profile, report, items }) => {
    if (profile !== 'compat33') return assert.equal(report.string(tags.SOPClassUID), '1.2.840.10008.5.1.4.1.1.88.34');
    assert.equal(report.string(tags.SOPClassUID), '1.2.840.10008.5.1.4.1.1.88.33');
    assert.ok(items.every(({ valueType }) => valueType !== 'SCOORD3D'));
    for (const item of items.filter(({ valueType }) => valueType === 'SCOORD')) assert.equal(item.children[0]?.concept?.value, '111040');
  },
  '9: a SCOORD3D is in the frame of reference of the source': ({ items, analysis }) => {
    for (const item of items) if (item.valueType === 'SCOORD3D') assert.equal(item.frameOfReferenceUid, analysis.source.frameOfReferenceUid);
  },
  '10: graphic types are those that viewers draw': ({ items }) => items.forEach((item) => assert.ok(!('graphicType' in item) || ['POINT', 'POLYLINE'].includes(item.graphicType))),
  '11: a closed contour repeats its first point; a box has five and says Bounded by': ({ items, groups, analysis }) => {
    for (const item of items) {
      if (item.valueType !== 'SCOORD' && item.valueType !== 'SCOORD3D') continue;
      const size = item.valueType === 'SCOORD' ? 2 : 3;
      if (item.points.length > 2 * size) assert.deepEqual(item.points.slice(0, size), item.points.slice(-size));
    }
    for (const finding of analysis.findings.filter(({ shapes }) => shapes.some(({ kind }) => kind === 'box'))) {
      const group = groups.find((candidate) => textOf(child(candidate, '112040')) === finding.trackingUid && candidate.children.some(isDrawing));
      const purpose = group === undefined ? undefined : child(group, '130400');
      assert.ok(purpose?.valueType === 'CODE' && purpose.code?.value === '75958009');
    }
  },
  '12 and 13: a group without drawing has a number, each of its numbers a child': ({ groups }) => {
    for (const group of groups.filter((candidate) => !candidate.children.some(isDrawing))) {
      const numbers = group.children.filter(({ valueType }) => valueType === 'NUM');
      assert.ok(numbers.length > 0 && numbers.every((number) => number.children.length > 0));
    }
  },
  '14: Imaging Measurements is there exactly when it has a group': ({ items, groups }) => assert.equal(items.some(({ concept }) => concept?.value === '126010'), groups.length > 0),
  '15: an Image Library with a group': ({ items }) => assert.ok(items.some(({ concept }) => concept?.value === '111028') && items.some(({ concept }) => concept?.value === '126200')),
  '16: evidence has each series and each instance once, images first, and every reference': ({ report, items, analysis }) => {
    const listed = evidence(report);
    const instances = listed.flatMap((series) => series.items(tags.ReferencedSOPSequence).map((item) => item.string(tags.ReferencedSOPInstanceUID)));
    assert.equal(report.items(tags.CurrentRequestedProcedureEvidenceSequence).length, 1);
    assert.equal(new Set(listed.map((series) => series.string(tags.SeriesInstanceUID))).size, listed.length);
    assert.equal(new Set(instances).size, instances.length);
    assert.equal(listed[0]?.string(tags.SeriesInstanceUID), analysis.source.seriesInstanceUid);
    for (const item of items) if ('reference' in item && item.reference !== null) assert.ok(instances.includes(item.reference.sopInstanceUid));
  },
  '17: groups and their numbers have an Observation UID of their own, groups an Observation DateTime': ({ groups }) => {
    // Numbers of the image library describe an image and are no observations.
    const stated = [...groups, ...groups.flatMap((group) => group.children.filter(({ valueType }) => valueType === 'NUM'))];
    assert.ok(groups.every(({ observedAt }) => observedAt !== undefined));
    const uids = stated.map(({ observationUid }) => observationUid);
    assert.ok(uids.every((uid) => uid !== undefined));
    assert.equal(new Set(uids).size, uids.length);
  },
  '18 (G1–G7): Contributing Equipment names the algorithm as the tree does': ({ report, items, analysis: { model } }) => {
    const [equipment, ...others] = report.items(tags.ContributingEquipmentSequence);
    assert.deepEqual(others, []);
    assert.equal(equipment?.items(tags.PurposeOfReferenceCodeSequence)[0]?.string(tags.CodeValue), '109102');
    assert.deepEqual([tags.Manufacturer, tags.ManufacturerModelName, tags.SoftwareVersions, tags.DeviceUID].map((tag) => equipment?.string(tag)), [model.manufacturer, model.name, model.version, model.deviceUid]);
    const said: Readonly<Record<string, string>> = { '121014': model.manufacturer, '121015': model.name, '121012': model.deviceUid, '111001': model.name, '111003': model.version };
    for (const item of items) if (item.concept?.scheme === 'DCM' && item.concept.value in said) assert.equal(textOf(item), said[item.concept.value]);
  },
  '19: an algorithm name never stands without its version': ({ items }) => {
    for (const item of items) if (child(item, '111001') !== undefined) assert.ok(child(item, '111003') !== undefined);
  },
  '20 (G10): Procedure reported is the imaging procedure': ({ items, analysis: { model } }) => {
    const reported = items.find(({ concept }) => concept?.value === '121058');
    assert.ok(reported?.valueType === 'CODE');
    assert.deepEqual([reported.code?.value, reported.code?.scheme], [model.procedure.value, model.procedure.scheme]);
  },
  '21: preliminary and unverified, without a verifying observer': ({ report }) => {
    assert.deepEqual([tags.PreliminaryFlag, tags.VerificationFlag].map((tag) => report.string(tag)), ['PRELIMINARY', 'UNVERIFIED']);
    assert.ok(!report.has(tags.VerifyingObserverSequence));
  },
  '22: the finding site is a modifier of the group': ({ items, groups }) => {
    const atGroups = new Set(groups.flatMap((group) => group.children.filter(({ concept }) => concept?.value === '363698007')));
    for (const item of items.filter(({ concept }) => concept?.value === '363698007')) assert.ok(atGroups.has(item) && item.relationship === 'HAS CONCEPT MOD');
  },
  '23: units are UCUM, numbers DS of at most 16 characters': ({ items }) => {
    for (const item of items) if (item.valueType === 'NUM' && item.value !== null) assert.ok(item.unit?.scheme === 'UCUM' && item.value.length <= 16);
  },
  '24: graphic data stand inline in the DICOM JSON': ({ report }) => {
    const json = JSON.stringify(toDicomJson(report));
    assert.ok(!json.includes('"BulkDataURI"'));
  },
  '25 (G11): one study throughout, that of the images': ({ report, segmentation, analysis }) => {
    for (const object of [report, segmentation]) if (object !== undefined) assert.equal(object.string(tags.StudyInstanceUID), analysis.source.studyInstanceUid);
    assert.deepEqual(report.items(tags.CurrentRequestedProcedureEvidenceSequence).map((study) => study.string(tags.StudyInstanceUID)), [analysis.source.studyInstanceUid]);
  },
  '26: no tracking identifier looks like a tool of cornerstone': ({ groups }) => groups.forEach((group) => assert.ok(!/^cornerstone(3D)?Tools@/i.test(textOf(child(group, '112039'))))),
  '27: the SEG refers to one series, the source, every image of it listed': ({ segmentation, analysis }) => {
    const series = segmentation?.items(tags.ReferencedSeriesSequence);
    if (series === undefined) return;
    assert.deepEqual(series.map((item) => item.string(tags.SeriesInstanceUID)), [analysis.source.seriesInstanceUid]);
    assert.equal(series[0]?.items(tags.ReferencedInstanceSequence).length, analysis.source.images.length);
  },
  '28 and 29: size, orientation and positions are the source’s, to the letter': ({ segmentation, sources }) => {
    for (const frame of segmentation === undefined ? [] : frames(segmentation)) {
      const uid = frame.items(tags.DerivationImageSequence)[0]?.items(tags.SourceImageSequence)[0]?.string(tags.ReferencedSOPInstanceUID);
      const source = sources.find((dataSet) => dataSet.string(tags.SOPInstanceUID) === uid)!;
      assert.deepEqual([segmentation!.number(tags.Rows), segmentation!.number(tags.Columns)], [source.number(tags.Rows), source.number(tags.Columns)]);
      assert.deepEqual(frame.items(tags.PlanePositionSequence)[0]?.strings(tags.ImagePositionPatient) ?? [], source.strings(tags.ImagePositionPatient));
      assert.deepEqual(segmentation!.items(tags.SharedFunctionalGroupsSequence)[0]?.items(tags.PlaneOrientationSequence)[0]?.strings(tags.ImageOrientationPatient) ?? [], source.strings(tags.ImageOrientationPatient));
    }
  },
  '30 and 31: source image, position and segment per frame; measures and orientation shared': ({ segmentation }) => {
    if (segmentation === undefined) return;
    const shared = segmentation.items(tags.SharedFunctionalGroupsSequence)[0];
    assert.ok(shared?.has(tags.PixelMeasuresSequence) && shared.has(tags.PlaneOrientationSequence));
    for (const frame of frames(segmentation)) {
      assert.ok(frame.has(tags.SegmentIdentificationSequence) && frame.has(tags.PlanePositionSequence));
      assert.equal(frame.items(tags.DerivationImageSequence)[0]?.items(tags.SourceImageSequence)[0]?.string(tags.SpatialLocationsPreserved), 'YES');
    }
  },
  '32 and 35: segments 1..n with unique labels, colour and algorithm': ({ segmentation, analysis: { model } }) => {
    const segments = segmentation?.items(tags.SegmentSequence) ?? [];
    assert.deepEqual(segments.map((segment) => segment.number(tags.SegmentNumber)), segments.map((_, index) => index + 1));
    assert.equal(new Set(segments.map((segment) => segment.string(tags.SegmentLabel))).size, segments.length);
    for (const segment of segments) {
      assert.equal(segment.numbers(tags.RecommendedDisplayCIELabValue).length, 3);
      assert.equal(segment.items(tags.SegmentationAlgorithmIdentificationSequence)[0]?.string(tags.AlgorithmName), model.name);
    }
  },
  '33: BINARY': ({ segmentation }) => assert.ok(segmentation === undefined || segmentation.string(tags.SegmentationType) === 'BINARY'),
  '34: the frame of reference is the source’s, dimension indices are there': ({ segmentation, analysis }) => {
    if (segmentation === undefined) return;
    assert.equal(segmentation.string(tags.FrameOfReferenceUID), analysis.source.frameOfReferenceUid);
    assert.ok(segmentation.items(tags.DimensionIndexSequence).length >= 2);
  },
  '36: no frame without a pixel; sorted by segment, then position': ({ segmentation }) => {
    if (segmentation === undefined) return;
    const pixels = segmentation.number(tags.Rows)! * segmentation.number(tags.Columns)!;
    let before: readonly number[] = [0, 0, 0];
    frames(segmentation).forEach((frame, index) => {
      assert.ok(unpackFrame(segmentation.bytes(tags.PixelData)!, index, pixels).includes(1));
      const now = frame.items(tags.FrameContentSequence)[0]!.numbers(tags.DimensionIndexValues);
      const later = now.findIndex((value, axis) => value !== before[axis]);
      assert.ok(later >= 0 && (later > 0 || now[0]! > before[0]!));
      before = now;
    });
  },
  '37: a segment of a finding has its tracking pair': ({ segmentation, groups, analysis }) => {
    for (const segment of segmentation?.items(tags.SegmentSequence) ?? []) {
      const found = analysis.findings.find(({ segmentNumber }) => segmentNumber === segment.number(tags.SegmentNumber));
      if (found === undefined) continue;
      assert.deepEqual([segment.string(tags.TrackingID), segment.string(tags.TrackingUID)], [found.trackingId, found.trackingUid]);
      assert.ok(groups.some((group) => textOf(child(group, '112040')) === found.trackingUid));
    }
  },
  'G8: General Equipment is the gateway': ({ report, context: { gateway } }) => assert.deepEqual([report.string(tags.Manufacturer), report.string(tags.ManufacturerModelName)], [gateway.manufacturer, gateway.modelName]),
  'G9: content time is the start of the analysis': ({ report }) => assert.match(report.string(tags.ContentTime) ?? '', /^\d{4}30/),
  'G11: patient, study and order are copied, empty values too': ({ report, sources: [source] }) => {
    for (const tag of [tags.PatientName, tags.PatientID, tags.PatientBirthDate, tags.PatientSex, tags.StudyDate, tags.StudyTime, tags.AccessionNumber, tags.StudyID, tags.ReferringPhysicianName]) assert.deepEqual(report.strings(tag), source!.strings(tag));
  },
  'G12: every analysed image is in library and evidence': ({ report, items, analysis }) => {
    const library = items.flatMap((item) => (item.valueType === 'IMAGE' ? (item.reference?.sopInstanceUid ?? []) : []));
    const instances = evidence(report).flatMap((series) => series.items(tags.ReferencedSOPSequence).map((item) => item.string(tags.ReferencedSOPInstanceUID)));
    for (const { sopInstanceUid } of analysis.source.images) assert.ok(library.includes(sopInstanceUid) && instances.includes(sopInstanceUid));
  },
  'G13: the report refers to the segmentation of its run': ({ report, segmentation }) => {
    const instances = evidence(report).flatMap((series) => series.items(tags.ReferencedSOPSequence).map((item) => item.string(tags.ReferencedSOPInstanceUID)));
    if (segmentation !== undefined) assert.ok(instances.includes(segmentation.string(tags.SOPInstanceUID)));
  },
  'G14: a run without findings says so, for each condition looked for': ({ items, analysis }) => {
    const summary = items.find(({ concept }) => concept?.value === '111017');
    assert.ok(summary?.valueType === 'CODE');
    if (analysis.outcome === 'no-findings') assert.equal(summary.code?.value, '111241');
    if (analysis.outcome === 'not-analysable') assert.equal(summary.code?.value, '111245');
  },
};

suite('IHE AIR §6.5.3.1 and what viewers need, assertion by assertion', () => {
  suiteSetup(() => {
    runs = makeRuns();
  });

  for (const [title, check] of Object.entries(assertions)) {
    test(title, () => {
      for (const made of runs) {
        try {
          check(made);
        } catch (thrown) {
          throw new Error(`${made.name}: ${thrown instanceof Error ? thrown.message : ''}`, { cause: thrown });
        }
      }
    });
  }
});
