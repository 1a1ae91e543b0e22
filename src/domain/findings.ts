import type { CodedConcept } from './coded-concept.ts';

/**
 * What one run of one model says about one study, free of any object format. Model runtime makes it; result objects
 * (SR, SEG, FHIR, …) are built from it and parsed back into it. Plain data: it survives JSON but for `SegmentMask.frames`.
 *
 * Units: lengths in millimetres in the patient coordinate system (PS3.3 §C.7.6.2.1.1) unless a field says otherwise.
 */
export interface Analysis {
  readonly model: ModelIdentity;
  readonly outcome: AnalysisOutcome;
  /** One sentence for people, English; for 'not-analysable' and 'partial' the reason. */
  readonly summary: string;
  /** The study, series and images that were analysed, in the order of the volume (or of the cine). */
  readonly source: AnalysedSource;
  readonly findings: readonly Finding[];
  /** Study- or series-level statements that belong to no single finding: gradability, density, ejection fraction. */
  readonly studyEvaluations: readonly Evaluation[];
  readonly studyMeasurements: readonly Measurement[];
  readonly segments: readonly SegmentMask[];
  /** What was tested for, so that "none found" can be said of each (TID 1501 group per target condition). */
  readonly targets: readonly TargetCondition[];
  readonly quality: readonly QualityCheck[];
  readonly urgency: Urgency;
  /** Where the model looked; absent or empty when it was not asked. */
  readonly maps?: readonly AttentionMap[];
}

/** Model attention for one label: what made the model say so. Not anatomy, not an outline; every object made of it must say "model attention". */
export interface AttentionMap {
  /** The manifest's label id. */
  readonly label: string;
  readonly concept: CodedConcept;
  /** `output-map`: a map the network itself gives; `cam`: weighted features (class activation map); `occlusion`: loss of score when a patch is hidden. */
  readonly kind: 'output-map' | 'cam' | 'occlusion';
  /** Of the finding it explains; null when it belongs to the label as a whole. */
  readonly trackingUid: string | null;
  readonly frames: readonly AttentionFrame[];
}

export interface AttentionFrame {
  /** Index into source.images. */
  readonly imageIndex: number;
  readonly rows: number;
  readonly columns: number;
  /** 0–1, row-major, on the grid of the source image. */
  readonly values: Float32Array;
}

export type AnalysisOutcome = 'findings' | 'no-findings' | 'not-analysable' | 'partial';

export interface Urgency {
  readonly level: 'routine' | 'priority' | 'urgent';
  readonly reason: string;
}

export interface ModelIdentity {
  readonly id: string;
  readonly version: string;
  readonly name: string;
  readonly manufacturer: string;
  /** SHA-256, hex, over the manifest and every file it names. */
  readonly digest: string;
  /** UID of the deployed algorithm: Device UID (0018,1002), Device Observer UID and FHIR Device identifier; changes when the digest does. */
  readonly deviceUid: string;
  /** CID 7162, for example (123110, DCM, "Artificial Intelligence"). */
  readonly family: CodedConcept;
  /** Settings that shape the answer, `name=value` each: operating thresholds above all. */
  readonly parameters: readonly string[];
  /** For example "No regulatory clearance; demonstration only". */
  readonly regulatoryStatus: string;
  /** Imaging procedure this model analyses, for example (24627-2, LN, "CT Chest Report"); goes to Procedure Reported. */
  readonly procedure: CodedConcept;
}

export interface AnalysedSource {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly modality: string;
  readonly frameOfReferenceUid: string | null;
  readonly images: readonly SourceImage[];
  /** SHA-256, hex, over the sorted SOP Instance UIDs and their content digests: the input set. */
  readonly inputDigest: string;
}

export interface SourceImage {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** 1-based; null for a single-frame image. */
  readonly frame: number | null;
}

export interface Finding {
  /** For people, unique in the analysis: "nodule-1". */
  readonly trackingId: string;
  /** Deterministic; the same in SR, SEG, FHIR and later revisions of the same lesion. */
  readonly trackingUid: string;
  readonly concept: CodedConcept;
  readonly category: CodedConcept;
  readonly sites: readonly FindingSite[];
  /** 0–1 as the model says it (calibrated where the manifest does so). */
  readonly probability: number | null;
  readonly measurements: readonly Measurement[];
  readonly evaluations: readonly Evaluation[];
  /** `number` of the SegmentMask that outlines it. */
  readonly segmentNumber: number | null;
  /** What a viewer can draw. */
  readonly shapes: readonly Shape[];
  /** The images that show it best, first the key image; indices into source.images. */
  readonly imageIndices: readonly number[];
}

export interface FindingSite {
  readonly site: CodedConcept;
  /** (7771000, SCT, "Left"), (24028007, SCT, "Right"), (51440002, SCT, "Bilateral"); null when unknown: never guessed. */
  readonly laterality: CodedConcept | null;
}

export interface Measurement {
  /** The manifest's id, for example `diameter`. */
  readonly id: string;
  readonly concept: CodedConcept;
  /** Rounded as the manifest says; null = could not be measured (then `failure` says why, CID 42). */
  readonly value: number | null;
  readonly failure: CodedConcept | null;
  /** UCUM: (mm, UCUM, "millimeter"). */
  readonly unit: CodedConcept;
  /** Derivation (121401, DCM), for example (373098007, SCT, "Mean"). */
  readonly derivation: CodedConcept | null;
  readonly method: CodedConcept | null;
}

export interface Evaluation {
  readonly id: string;
  readonly concept: CodedConcept;
  readonly value: CodedConcept | string;
}

/** Geometry in the source. 3-D shapes in mm of the frame of reference; 2-D ones in pixels of one image, (0,0) = top left corner of the top left pixel (PS3.3 §C.10.5.1.1). */
export type Shape =
  | { readonly kind: 'long-axis' | 'short-axis'; readonly points: readonly [Point3, Point3]; readonly imageIndex: number }
  | { readonly kind: 'centre'; readonly points: readonly [Point3]; readonly imageIndex: number }
  | { readonly kind: 'box'; readonly imageIndex: number; /** left, top, right, bottom */ readonly box: readonly [number, number, number, number] }
  | { readonly kind: 'polygon'; readonly imageIndex: number; readonly points2: readonly (readonly [number, number])[] };

export type Point3 = readonly [x: number, y: number, z: number];

/** A region on the source grid. Only frames that hold at least one pixel are listed. */
export interface SegmentMask {
  /** 1-based, contiguous. */
  readonly number: number;
  readonly label: string;
  readonly category: CodedConcept;
  readonly property: CodedConcept;
  readonly anatomy: FindingSite | null;
  readonly trackingId: string;
  readonly trackingUid: string;
  /** sRGB, 0–255. */
  readonly color: readonly [number, number, number];
  readonly rows: number;
  readonly columns: number;
  readonly frames: readonly MaskFrame[];
}

export interface MaskFrame {
  /** Index into source.images. */
  readonly imageIndex: number;
  /** One byte a pixel, 0 or 1, row-major, rows × columns of the source image. */
  readonly mask: Uint8Array;
}

export interface TargetCondition {
  readonly concept: CodedConcept;
  readonly site: CodedConcept;
  readonly present: boolean;
  /** Highest probability seen, also below the threshold; null when not analysed. */
  readonly probability: number | null;
}

export interface QualityCheck {
  readonly check: string;
  readonly verdict: 'pass' | 'warn' | 'reject';
  /** A sentence with the measured value and the limit. */
  readonly reason: string;
}
