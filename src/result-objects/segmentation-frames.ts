import { concept } from '../domain/codes/concepts.ts';
import type { Analysis, MaskFrame } from '../domain/findings.ts';
import { derivedUid } from '../foundation/uid.ts';
import { DataSet } from '../standards/dicom/data-set.ts';
import type { Element, Tag } from '../standards/dicom/data-set.ts';
import { decimalString, element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { codeSequence } from './code-sequence.ts';
import type { ObjectIdentity, ResultContext } from './result-context.ts';
import { frameGeometry } from './source-geometry.ts';
import type { FrameGeometry } from './source-geometry.ts';

export interface SegmentationRequest {
  readonly analysis: Analysis;
  readonly context: ResultContext;
  readonly identity: ObjectIdentity;
}

/** One mask of one segment, as it becomes a frame. */
export interface PlacedMask {
  readonly segment: number;
  readonly frame: MaskFrame;
}

/**
 * Multi-frame Functional Groups and Dimension modules of a segmentation (PS3.3 §C.7.6.16–17, §A.51.5): Pixel Measures and Plane
 * Orientation shared, the rest per frame, Segment Identification too (readers look for it there only). Positions are the source's own
 * texts. A cine, whose images share positions, gets the temporal position as third dimension.
 */
export function segmentationFrames(masks: readonly PlacedMask[], { analysis, context, identity }: SegmentationRequest): readonly Element[] {
  const images = imagesOf(masks, analysis, context.headers);
  const spatial = isSpatial(analysis, context.headers);
  const places = placesOf(images, spatial);
  const derivation = new Map([...images].map(([index, image]) => [index, derivationItem(image)]));
  const frames = masks.map((mask) => frameItem(mask, images.get(mask.frame.imageIndex)!, places, derivation.get(mask.frame.imageIndex)!));
  return [
    sequence(tags.SharedFunctionalGroupsSequence, sharedItem([...images.values()].map((image) => image.geometry), spatial)),
    sequence(tags.PerFrameFunctionalGroupsSequence, ...frames),
    ...dimensions(derivedUid('dimension-organization', identity.sopInstanceUid), spatial, places.temporal),
  ];
}

/** True when every analysed image has a place in a frame of reference; a slide or a photograph may have the one without the other. */
export function isSpatial({ source }: Analysis, headers: ReadonlyMap<string, DataSet>): boolean {
  return (
    source.frameOfReferenceUid !== null &&
    source.images.every(({ sopInstanceUid, frame }) => {
      const header = headers.get(sopInstanceUid);
      const geometry = header === undefined ? undefined : frameGeometry(header, frame);
      return geometry !== undefined && geometry.position !== null && geometry.orientation !== null;
    })
  );
}

interface UsedImage {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly frame: number | null;
  readonly geometry: FrameGeometry;
}

interface Places {
  readonly spatial: boolean;
  /** 1-based index of the plane position of an image. */
  readonly position: ReadonlyMap<number, number>;
  /** 1-based index in time among the images at one position; null when no two images share a position. */
  readonly temporal: ReadonlyMap<number, number> | null;
}

function imagesOf(masks: readonly PlacedMask[], { source }: Analysis, headers: ReadonlyMap<string, DataSet>): ReadonlyMap<number, UsedImage> {
  const used = [...new Set(masks.map((mask) => mask.frame.imageIndex))].sort((a, b) => a - b);
  return new Map(
    used.map((index) => {
      const image = source.images[index];
      const header = image === undefined ? undefined : headers.get(image.sopInstanceUid);
      if (image === undefined || header === undefined) throw new Error(`segmentation refers to image ${index}, whose header is not given`);
      return [index, { ...image, geometry: frameGeometry(header, image.frame) }];
    }),
  );
}

function placesOf(images: ReadonlyMap<number, UsedImage>, spatial: boolean): Places {
  const position = new Map<number, number>();
  const temporal = new Map<number, number>();
  const seen = new Map<string, { readonly rank: number; count: number }>();
  for (const [index, image] of images) {
    const key = spatial ? image.geometry.position!.join('\\') : String(index);
    const place = seen.get(key) ?? { rank: seen.size + 1, count: 0 };
    place.count++;
    seen.set(key, place);
    position.set(index, place.rank);
    temporal.set(index, place.count);
  }
  return { spatial, position, temporal: seen.size < images.size ? temporal : null };
}

function sharedItem(geometries: readonly FrameGeometry[], spatial: boolean): DataSet {
  const geometry = geometries[0]!;
  // PS3.3 §C.7.6.16.2.1 wants a thickness with the spacing; a projection has none and goes without the macro.
  const thickness = geometry.sliceThickness ?? geometry.spacingBetweenSlices ?? distance(geometries);
  const measured = geometry.pixelSpacing !== null && thickness !== null;
  const measures = !measured
    ? []
    : [
        element(tags.PixelSpacing, 'DS', ...(geometry.pixelSpacing ?? [])),
        element(tags.SliceThickness, 'DS', thickness),
        ...(geometry.spacingBetweenSlices === null ? [] : [element(tags.SpacingBetweenSlices, 'DS', geometry.spacingBetweenSlices)]),
      ];
  return DataSet.of([
    ...(measured ? [sequence(tags.PixelMeasuresSequence, DataSet.of(measures))] : []),
    ...(spatial && geometry.orientation !== null
      ? [sequence(tags.PlaneOrientationSequence, DataSet.of([element(tags.ImageOrientationPatient, 'DS', ...geometry.orientation)]))]
      : []),
  ]);
}

/** Distance of the first two positions in mm, as DS. */
function distance([first, second]: readonly FrameGeometry[]): string | null {
  if (first?.position == null || second?.position == null) return null;
  const [a, b] = [first.position.map(Number), second.position.map(Number)];
  const length = Math.sqrt(a.reduce((sum, value, axis) => sum + (value - b[axis]!) ** 2, 0));
  return length > 0 ? decimalString(Number(length.toFixed(6))) : null;
}

function frameItem({ segment, frame }: PlacedMask, image: UsedImage, places: Places, derivation: DataSet): DataSet {
  const position = places.position.get(frame.imageIndex)!;
  const temporal = places.temporal?.get(frame.imageIndex);
  const content = DataSet.of([
    element(tags.DimensionIndexValues, 'UL', segment, position, ...(temporal === undefined ? [] : [temporal])),
    ...(temporal === undefined ? [] : [element(tags.TemporalPositionIndex, 'UL', temporal)]),
  ]);
  const plane = image.geometry.position;
  return DataSet.of([
    sequence(tags.DerivationImageSequence, derivation),
    sequence(tags.FrameContentSequence, content),
    ...(plane === null || !places.spatial ? [] : [sequence(tags.PlanePositionSequence, DataSet.of([element(tags.ImagePositionPatient, 'DS', ...plane)]))]),
    sequence(tags.SegmentIdentificationSequence, DataSet.of([element(tags.ReferencedSegmentNumber, 'US', segment)])),
  ]);
}

/** PS3.3 §C.7.6.16.2.6: what the frame was made from; SpatialLocationsPreserved YES because the mask lies on the source's own grid. */
function derivationItem(image: UsedImage): DataSet {
  const source = DataSet.of([
    element(tags.ReferencedSOPClassUID, 'UI', image.sopClassUid),
    element(tags.ReferencedSOPInstanceUID, 'UI', image.sopInstanceUid),
    ...(image.frame === null ? [] : [element(tags.ReferencedFrameNumber, 'IS', String(image.frame))]),
    codeSequence(tags.PurposeOfReferenceCodeSequence, concept('purpose-source-image')),
    element(tags.SpatialLocationsPreserved, 'CS', 'YES'),
  ]);
  return DataSet.of([sequence(tags.SourceImageSequence, source), codeSequence(tags.DerivationCodeSequence, concept('derivation-segmentation'))]);
}

function dimensions(organizationUid: string, spatial: boolean, temporal: Places['temporal']): readonly Element[] {
  const index = (label: string, pointer: Tag, group: Tag): DataSet =>
    DataSet.of([
      element(tags.DimensionOrganizationUID, 'UI', organizationUid),
      element(tags.DimensionIndexPointer, 'AT', pointer),
      element(tags.FunctionalGroupPointer, 'AT', group),
      element(tags.DimensionDescriptionLabel, 'LO', label),
    ]);
  const second = spatial
    ? index('Image Position Patient', tags.ImagePositionPatient, tags.PlanePositionSequence)
    : index('Source Image', tags.ReferencedSOPInstanceUID, tags.DerivationImageSequence);
  return [
    sequence(tags.DimensionOrganizationSequence, DataSet.of([element(tags.DimensionOrganizationUID, 'UI', organizationUid)])),
    sequence(
      tags.DimensionIndexSequence,
      index('Segment Number', tags.ReferencedSegmentNumber, tags.SegmentIdentificationSequence),
      second,
      ...(temporal === null ? [] : [index('Temporal Position Index', tags.TemporalPositionIndex, tags.FrameContentSequence)]),
    ),
  ];
}
