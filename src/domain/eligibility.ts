import type { SeriesEligibility } from './routing-plan.ts';
import { matchesByWord } from './text-match.ts';

/** What a model asks of a series before it looks at a pixel; the `eligibility` part of model.yaml. Every key given must hold. */
export interface EligibilityRules {
  readonly modality: readonly string[];
  readonly sopClassUid?: readonly string[] | undefined;
  /** By word against Body Part Examined; when that is empty, against the descriptions. */
  readonly bodyPart?: readonly string[] | undefined;
  /** By word against Study, Series and Protocol description: none of these may occur. */
  readonly notText?: readonly string[] | undefined;
  /** None of these may be a value of Image Type; `DERIVED\\MIP` asks for both. */
  readonly imageTypeExclude?: readonly string[] | undefined;
  readonly orientation?: 'axial' | 'coronal' | 'sagittal' | 'any' | undefined;
  readonly orientationToleranceDeg?: number | undefined;
  readonly sliceThicknessMm?: NumberRange | undefined;
  readonly sliceSpacingMm?: NumberRange | undefined;
  readonly pixelSpacingMm?: NumberRange | undefined;
  readonly coverageMm?: NumberRange | undefined;
  readonly slices?: NumberRange | undefined;
  readonly patientAgeYears?: NumberRange | undefined;
  /** By word against Convolution Kernel; others warn. */
  readonly kernelPreferred?: readonly string[] | undefined;
  readonly lossyAllowed?: boolean | undefined;
  /** Conditions that only warn when they do not hold. */
  readonly soft?: readonly SoftCondition[] | undefined;
  readonly selection?: 'thinnest' | 'most-slices' | 'newest' | undefined;
  readonly onMissingTag?: 'reject' | 'warn' | 'accept' | undefined;
}

export interface NumberRange {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export type SoftCondition = 'bodyPart' | 'sliceThicknessMm' | 'sliceSpacingMm' | 'pixelSpacingMm' | 'coverageMm' | 'slices' | 'patientAgeYears';

/** What eligibility must know of one series. null or '' = the attribute is missing. Lengths in mm. */
export interface SeriesTraits {
  readonly seriesInstanceUid: string;
  readonly modality: string;
  readonly sopClassUids: readonly string[];
  readonly bodyPart: string;
  readonly seriesDescription: string;
  readonly studyDescription: string;
  readonly protocolName: string;
  /** Every value that occurs in Image Type of its images. */
  readonly imageType: readonly string[];
  /** Nearest anatomical plane of the images and the angle to it. */
  readonly orientation: { readonly plane: 'axial' | 'coronal' | 'sagittal'; readonly obliqueDeg: number } | null;
  readonly sliceThicknessMm: number | null;
  readonly sliceSpacingMm: number | null;
  readonly pixelSpacingMm: number | null;
  readonly coverageMm: number | null;
  readonly slices: number;
  readonly patientAgeYears: number | null;
  readonly kernel: string;
  readonly lossy: boolean;
  /** DICOM date and time of the series, `YYYYMMDDHHMMSS`, '' when missing: for `newest`. */
  readonly acquiredAt: string;
}

/** Asks the rules of one series. Pure; every condition is asked, so that all reasons are told at once. */
export function judgeSeries(rules: EligibilityRules, series: SeriesTraits): SeriesEligibility {
  const reasons: string[] = [];
  const warnings: string[] = [];
  for (const { condition, missing, text } of complaints(rules, series)) {
    const isSoft = condition !== undefined && (rules.soft ?? []).includes(condition);
    if (missing && (rules.onMissingTag ?? 'warn') === 'accept') continue;
    const warnsOnly = isSoft || (missing && (rules.onMissingTag ?? 'warn') === 'warn');
    (warnsOnly ? warnings : reasons).push(text);
  }
  return { seriesInstanceUid: series.seriesInstanceUid, eligible: reasons.length === 0, reasons, warnings };
}

/**
 * Picks among the eligible series of a study as `selection` says (thinnest unless told): ties go to the preferred kernel, then to more slices,
 * then to the lower UID, so that the choice is the same every time.
 *
 * @returns  UID of the series to run on; null when there is none
 */
export function selectSeries(rules: EligibilityRules, eligible: readonly SeriesTraits[]): string | null {
  const selection = rules.selection ?? 'thinnest';
  const key = (series: SeriesTraits): readonly (number | string)[] => {
    const first = { thinnest: 0, 'most-slices': -series.slices, newest: -Number(series.acquiredAt.slice(0, 14).padEnd(14, '0')) }[selection];
    const thickness = series.sliceThicknessMm ?? series.sliceSpacingMm ?? Infinity;
    return [first, thickness, hasPreferredKernel(rules, series) ? 0 : 1, -series.slices, series.seriesInstanceUid];
  };
  const best = [...eligible].sort((a, b) => compareKeys(key(a), key(b)))[0];
  return best?.seriesInstanceUid ?? null;
}

interface Complaint {
  readonly condition?: SoftCondition;
  readonly missing: boolean;
  readonly text: string;
}

function* complaints(rules: EligibilityRules, series: SeriesTraits): Generator<Complaint> {
  yield* asksText(rules, series);
  const orientation = rules.orientation ?? 'any';
  if (orientation !== 'any') {
    const tolerance = rules.orientationToleranceDeg ?? 20;
    if (series.orientation === null) yield { missing: true, text: 'the orientation of the images is not stated' };
    else if (series.orientation.plane !== orientation || series.orientation.obliqueDeg > tolerance)
      yield { missing: false, text: `images are ${series.orientation.plane}, ${round(series.orientation.obliqueDeg)}° oblique; the model needs ${orientation} within ${tolerance}°` };
  }
  yield* asksNumber('sliceThicknessMm', 'slice thickness', 'mm', rules.sliceThicknessMm, series.sliceThicknessMm);
  yield* asksNumber('sliceSpacingMm', 'slice spacing', 'mm', rules.sliceSpacingMm, series.sliceSpacingMm);
  yield* asksNumber('pixelSpacingMm', 'pixel spacing', 'mm', rules.pixelSpacingMm, series.pixelSpacingMm);
  yield* asksNumber('coverageMm', 'coverage', 'mm', rules.coverageMm, series.coverageMm);
  yield* asksNumber('slices', 'number of images', '', rules.slices, series.slices);
  yield* asksNumber('patientAgeYears', 'patient age', 'years', rules.patientAgeYears, series.patientAgeYears);
  if (series.lossy && rules.lossyAllowed !== true) yield { missing: false, text: 'images were compressed with loss' };
}

function* asksText(rules: EligibilityRules, series: SeriesTraits): Generator<Complaint> {
  if (!rules.modality.includes(series.modality)) yield { missing: false, text: `modality ${series.modality || '(none)'} is none of ${rules.modality.join(', ')}` };
  const foreign = rules.sopClassUid === undefined ? [] : series.sopClassUids.filter((uid) => !rules.sopClassUid!.includes(uid));
  if (foreign.length > 0) yield { missing: false, text: `SOP class ${foreign.join(', ')} is not one the model reads` };
  if (rules.bodyPart !== undefined) yield* asksBodyPart(rules.bodyPart, series);
  const texts = [series.seriesDescription, series.studyDescription, series.protocolName];
  for (const word of rules.notText ?? []) if (texts.some((text) => matchesByWord(text, word))) yield { missing: false, text: `a description contains "${word}"` };
  for (const excluded of rules.imageTypeExclude ?? [])
    if (excluded.split('\\').every((value) => series.imageType.includes(value))) yield { missing: false, text: `image type ${excluded} is excluded` };
  if (rules.kernelPreferred !== undefined && !hasPreferredKernel(rules, series))
    yield { missing: true, text: `reconstruction kernel ${series.kernel || '(not stated)'} is none of the preferred ${rules.kernelPreferred.join(', ')}` };
}

function* asksBodyPart(wanted: readonly string[], series: SeriesTraits): Generator<Complaint> {
  const texts = (series.bodyPart === '' ? [series.seriesDescription, series.protocolName, series.studyDescription] : [series.bodyPart]).filter((text) => text !== '');
  if (texts.length === 0) yield { condition: 'bodyPart', missing: true, text: 'the body part is not stated' };
  else if (!texts.some((text) => wanted.some((word) => matchesByWord(text, word))))
    yield { condition: 'bodyPart', missing: series.bodyPart === '', text: `body part ${texts.map((text) => `"${text}"`).join(', ')} is none of ${wanted.join(', ')}` };
}

function* asksNumber(condition: SoftCondition, what: string, unit: string, range: NumberRange | undefined, value: number | null): Generator<Complaint> {
  if (range === undefined) return;
  if (value === null) yield { condition, missing: true, text: `${what} is not stated` };
  // Half a percent of slack: 2.5 mm is often written 2.5000001 or measured as 2.504.
  else if (value < (range.min ?? -Infinity) * 0.995 || value > (range.max ?? Infinity) * 1.005)
    yield { condition, missing: false, text: `${what} ${round(value)}${unit === '' ? '' : ` ${unit}`} is outside ${range.min ?? '…'}–${range.max ?? '…'}` };
}

function hasPreferredKernel(rules: EligibilityRules, series: SeriesTraits): boolean {
  return (rules.kernelPreferred ?? []).some((kernel) => matchesByWord(series.kernel, kernel));
}

function compareKeys(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (let i = 0; i < a.length; i++) if (a[i]! !== b[i]!) return a[i]! < b[i]! ? -1 : 1;
  return 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
