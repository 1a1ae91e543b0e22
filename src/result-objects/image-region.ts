import { concept } from '../domain/codes/concepts.ts';
import type { Point3, Shape } from '../domain/findings.ts';
import { codeValue, imageValue } from './content-item.ts';
import type { ContentItem } from './content-item.ts';
import { sourceReference } from './report-request.ts';
import type { StructuredReportRequest } from './report-request.ts';
import { frameGeometry, toImagePoint, toPatientPoint } from './source-geometry.ts';

/** Which shape a viewer is given: it draws one graphic per tracking UID. */
const preference: readonly Shape['kind'][] = ['long-axis', 'polygon', 'box', 'short-axis', 'centre'];

/**
 * Image Region (111030, DCM) of a finding, TID 1410: SCOORD3D where there is a frame of reference and the profile allows it, else SCOORD with
 * the image it was SELECTED FROM. Closed contours repeat their first point. A box is preceded by Geometric purpose of region "Bounded by", since
 * it is not the outline (CID 219). Undefined when nothing can be drawn.
 */
export function imageRegion(shapes: readonly Shape[], request: StructuredReportRequest): readonly ContentItem[] | undefined {
  for (const kind of preference) {
    for (const shape of shapes) {
      const region = shape.kind === kind ? regionOf(shape, request) : undefined;
      if (region !== undefined) return [...purposeOf(shape), region];
    }
  }
  return undefined;
}

function regionOf(shape: Shape, request: StructuredReportRequest): ContentItem | undefined {
  const frameOfReferenceUid = request.analysis.source.frameOfReferenceUid;
  if (request.profile === 'air34' && frameOfReferenceUid !== null) {
    const points = patientPoints(shape, request);
    if (points !== undefined) return spatialRegion(points, frameOfReferenceUid);
  }
  const points = imagePoints(shape, request);
  return points === undefined ? undefined : planarRegion(points, shape, request);
}

function spatialRegion(points: readonly Point3[], frameOfReferenceUid: string): ContentItem {
  return {
    valueType: 'SCOORD3D',
    relationship: 'CONTAINS',
    concept: concept('image-region'),
    graphicType: points.length === 1 ? 'POINT' : 'POLYLINE',
    points: points.flat(),
    frameOfReferenceUid,
    children: [],
  };
}

function planarRegion(points: readonly (readonly [number, number])[], shape: Shape, request: StructuredReportRequest): ContentItem {
  return {
    valueType: 'SCOORD',
    relationship: 'CONTAINS',
    concept: concept('image-region'),
    graphicType: points.length === 1 ? 'POINT' : 'POLYLINE',
    points: points.flat(),
    // Orthanc Stone finds the image by this name only; the template leaves it open.
    children: [imageValue('SELECTED FROM', concept('original-source'), sourceReference(request.analysis, shape.imageIndex))],
  };
}

function purposeOf(shape: Shape): readonly ContentItem[] {
  return shape.kind === 'box' ? [codeValue('HAS CONCEPT MOD', concept('geometric-purpose'), concept('bounded-by'))] : [];
}

function patientPoints(shape: Shape, request: StructuredReportRequest): readonly Point3[] | undefined {
  if (shape.kind !== 'box' && shape.kind !== 'polygon') return shape.points;
  const geometry = geometryOf(shape, request);
  const points = outline(shape).map((point) => (geometry === undefined ? undefined : toPatientPoint(point, geometry)));
  return points.every((point) => point !== undefined) ? points : undefined;
}

/** A shape in pixels of the image it names, (0,0) at its top left corner; closed outlines repeat their first point. Undefined without geometry. */
export function imagePoints(shape: Shape, request: Pick<StructuredReportRequest, 'analysis' | 'context'>): readonly (readonly [number, number])[] | undefined {
  if (shape.kind === 'box' || shape.kind === 'polygon') return outline(shape);
  const geometry = geometryOf(shape, request);
  const points = shape.points.map((point) => (geometry === undefined ? undefined : toImagePoint(point, geometry)));
  return points.every((point) => point !== undefined) ? points : undefined;
}

function geometryOf(shape: Shape, { analysis, context }: Pick<StructuredReportRequest, 'analysis' | 'context'>) {
  const image = analysis.source.images[shape.imageIndex];
  const header = image === undefined ? undefined : context.headers.get(image.sopInstanceUid);
  return header === undefined ? undefined : frameGeometry(header, image?.frame ?? null);
}

function outline(shape: Extract<Shape, { kind: 'box' | 'polygon' }>): readonly (readonly [number, number])[] {
  if (shape.kind === 'box') {
    const [left, top, right, bottom] = shape.box;
    return [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]];
  }
  const first = shape.points2[0];
  const last = shape.points2.at(-1);
  if (first === undefined || last === undefined) return [];
  return first[0] === last[0] && first[1] === last[1] ? shape.points2 : [...shape.points2, first];
}
