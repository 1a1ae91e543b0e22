import type { Analysis } from '../domain/findings.ts';
import type { ImageReference } from './content-item.ts';
import type { ObjectIdentity, ResultContext } from './result-context.ts';

/**
 * Which rendition of the report a destination takes: `air34` is Comprehensive 3D SR with SCOORD3D as IHE AIR asks; `compat33` is
 * Comprehensive SR with SCOORD alone, for viewers that draw nothing else (Weasis, Orthanc Stone).
 */
export type ReportProfile = 'air34' | 'compat33';

export interface StructuredReportRequest {
  readonly analysis: Analysis;
  readonly context: ResultContext;
  readonly identity: ObjectIdentity;
  /** The segmentation of the same run; null when none was written. */
  readonly segmentation: ObjectIdentity | null;
  readonly profile: ReportProfile;
}

/** An analysed image as a reference, with its frame when it is a multi-frame one. */
export function sourceReference(analysis: Analysis, imageIndex: number): ImageReference {
  const image = analysis.source.images[imageIndex];
  if (image === undefined) throw new Error(`finding refers to image ${imageIndex} of ${analysis.source.images.length}`);
  return {
    sopClassUid: image.sopClassUid,
    sopInstanceUid: image.sopInstanceUid,
    frames: image.frame === null ? [] : [image.frame],
    segments: [],
  };
}
