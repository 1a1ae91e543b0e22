/** Lung nodules of a chest phantom: shapes whose volume is known exactly, where they lie, and how they are drawn. */
import { boxAround, drawCapsule, type Canvas } from './canvas.ts';
import { randomLungPoint, type LungSpace } from './chest-distractors.ts';
import { bend, type VesselPoint } from './chest-vessels.ts';
import type { Random } from './random.ts';
import { distance, dot, plus, type Vec3 } from './vector.ts';

export type NoduleKind = 'solid' | 'part-solid' | 'ground-glass' | 'calcified';
export type NodulePlace = 'free' | 'juxta-pleural' | 'vessel-attached';

export interface Nodule {
  readonly centre: Vec3;
  /** Diameter of the ball of the same volume, mm. Spicules are not counted. */
  readonly diameter: number;
  readonly kind: NoduleKind;
  readonly place: NodulePlace;
  /** HU of the nodule (of its core, when part-solid or calcified). */
  readonly hu: number;
  readonly malignant: boolean;
  readonly spicules: number;
  /** Share of the shape that lies in the lung; the rest would be in the chest wall and is not drawn. */
  readonly lungShare: number;
  /** Share of the drawn volume that is at least 100 HU brighter than what was there before. */
  readonly visibleShare: number;
}

/** Wishes for the nodules of one phantom; what is not given is drawn at random. */
export interface NoduleOptions {
  readonly count?: number;
  readonly diameter?: readonly [number, number];
  readonly kind?: NoduleKind;
  readonly place?: NodulePlace;
  readonly smooth?: boolean;
}

/** How benign and malignant are told apart in these phantoms. A rule, not medicine; it is written into each truth. */
export const malignancyRule =
  'Drawn with probability 0.12 below 6 mm, 0.45 from 6 to 10 mm, 0.70 above. Malignant: lobulated (8-18 % of the radius), 4-9 spicules unless ground glass, '
  + '55 % solid, 25 % part-solid, 20 % ground glass. Benign: smooth (at most 5 %), 15 % calcified, 60 % solid, 25 % ground glass.';

interface Shape {
  readonly diameter: number;
  readonly kind: NoduleKind;
  readonly malignant: boolean;
  readonly hu: number;
  readonly haloHu: number;
  readonly coreShare: number;
  readonly bumps: number;
  readonly lobes: readonly { readonly direction: Vec3; readonly order: number; readonly amplitude: number }[];
  readonly stretch: Vec3;
  readonly spicules: number;
  /** Radius in a direction without bumps, chosen so that the volume is exactly that of the ball of `diameter`. */
  readonly radius: number;
}

/** A nodule less visible than this is no finding anybody could be asked to make; it is placed elsewhere. */
const LEAST_VISIBLE = 0.6;

/** Draws nodules into the canvas, at least 8 mm apart. Returns fewer than asked for when the space does not suffice. */
export function drawNodules(canvas: Canvas, space: LungSpace, vessels: readonly VesselPoint[], random: Random, options: NoduleOptions): readonly Nodule[] {
  const count = options.count ?? random.int(0, 6);
  const nodules: Nodule[] = [];
  for (let attempt = 0; nodules.length < count && attempt < 600; attempt++) {
    const shape = drawShape(random, options);
    const spot = findPlace(space, vessels, random, shape.diameter / 2, options.place ?? drawPlace(random));
    if (spot === undefined || nodules.some((n) => distance(n.centre, spot.centre) < (n.diameter + shape.diameter) / 2 + 8)) continue;
    const seen = visibleShare(canvas, space, spot.centre, shape);
    if (seen < LEAST_VISIBLE) continue;
    const lungShare = shareInLung(space, spot.centre, shape);
    paint(canvas, space, spot.centre, shape);
    paintSpicules(canvas, random, spot.centre, shape);
    const { diameter, kind, hu, malignant, spicules } = shape;
    nodules.push({ centre: spot.centre, diameter, kind, place: spot.place, hu, malignant, spicules, lungShare, visibleShare: seen });
  }
  return nodules;
}

/** Volume in mm³ of what is in the lung. */
export function noduleVolume(nodule: Nodule): number {
  return (Math.PI / 6) * nodule.diameter * nodule.diameter * nodule.diameter * nodule.lungShare;
}

function drawShape(random: Random, options: NoduleOptions): Shape {
  const u = random.next();
  const wish = options.diameter === undefined ? (random.chance(0.48) ? random.uniform(3, 6) : 6 + 24 * u * u) : random.uniform(...options.diameter);
  const malignant = options.smooth !== true && random.chance(wish < 6 ? 0.12 : wish < 10 ? 0.45 : 0.7);
  const kind = options.kind ?? drawKind(random, malignant);
  const subSolid = kind === 'ground-glass' || kind === 'part-solid';
  const diameter = subSolid && options.diameter === undefined ? Math.max(wish, random.uniform(4.5, 7)) : wish;
  const hu = { 'solid': random.uniform(-80, 60), 'part-solid': random.uniform(-40, 50), 'ground-glass': random.uniform(-700, -450), 'calcified': random.uniform(250, 700) }[kind];
  const shape = {
    diameter, kind, malignant, hu,
    haloHu: random.uniform(-680, -470),
    coreShare: random.uniform(0.35, 0.65),
    bumps: options.smooth === true ? 0 : malignant ? random.uniform(0.08, 0.18) : random.uniform(0, 0.05),
    lobes: [0, 1, 2, 3, 4].map(() => ({ direction: random.direction(), order: random.int(2, 5), amplitude: random.uniform(-0.7, 0.7) })),
    stretch: options.smooth === true ? [1, 1, 1] as const : drawStretch(random),
    spicules: malignant && kind !== 'ground-glass' ? random.int(4, 9) : 0,
  };
  return { ...shape, radius: radiusForVolume(shape, diameter) };
}

function drawKind(random: Random, malignant: boolean): NoduleKind {
  const u = random.next();
  if (malignant) return u < 0.55 ? 'solid' : u < 0.8 ? 'part-solid' : 'ground-glass';
  return u < 0.15 ? 'calcified' : u < 0.75 ? 'solid' : 'ground-glass';
}

/** Three factors whose product is one: a stretched nodule keeps its volume. */
function drawStretch(random: Random): Vec3 {
  const s = [random.uniform(0.82, 1.2), random.uniform(0.82, 1.2), random.uniform(0.82, 1.2)] as const;
  const mean = Math.cbrt(s[0] * s[1] * s[2]);
  return [s[0] / mean, s[1] / mean, s[2] / mean];
}

/** Relative radius in a direction (length one): one plus Chebyshev waves around the lobes' axes. */
function relativeRadius(shape: Pick<Shape, 'bumps' | 'lobes'>, x: number, y: number, z: number): number {
  let sum = 0;
  for (const { direction, order, amplitude } of shape.lobes) {
    const c = x * direction[0] + y * direction[1] + z * direction[2], c2 = c * c;
    const wave = order === 2 ? 2 * c2 - 1 : order === 3 ? c * (4 * c2 - 3) : order === 4 ? 8 * c2 * (c2 - 1) + 1 : c * (16 * c2 * c2 - 20 * c2 + 5);
    sum += amplitude * wave;
  }
  return 1 + shape.bumps * sum;
}

/** Directions spread evenly over the sphere (Fibonacci lattice). */
const directions: readonly Vec3[] = Array.from({ length: 1200 }, (_, i) => {
  const z = 1 - (2 * i + 1) / 1200, r = Math.sqrt(1 - z * z), angle = i * Math.PI * (3 - Math.sqrt(5));
  return [r * Math.cos(angle), r * Math.sin(angle), z] as const;
});

/** The volume of a star-shaped body is the mean of its cubed radii times 4π/3; the stretch has product one and does not change it. */
function radiusForVolume(shape: Pick<Shape, 'bumps' | 'lobes'>, diameter: number): number {
  let cubes = 0;
  for (const [x, y, z] of directions) {
    const r = relativeRadius(shape, x, y, z);
    cubes += r * r * r;
  }
  return diameter / 2 / Math.cbrt(cubes / directions.length);
}

function drawPlace(random: Random): NodulePlace {
  const u = random.next();
  return u < 0.2 ? 'juxta-pleural' : u < 0.5 ? 'vessel-attached' : 'free';
}

function findPlace(space: LungSpace, vessels: readonly VesselPoint[], random: Random, r: number, place: NodulePlace): { centre: Vec3; place: NodulePlace } | undefined {
  const margin = r + 3;
  if (place === 'vessel-attached') {
    const centre = besideVessel(space, vessels, random, r, margin);
    return centre === undefined ? undefined : { centre, place };
  }
  const centre = place === 'juxta-pleural' ? randomLungPoint(space, random, 0.2 * r, 0.8 * r, margin) : randomLungPoint(space, random, r, 100, margin);
  return centre === undefined ? undefined : { centre, place };
}

function besideVessel({ lungs, zRange }: LungSpace, vessels: readonly VesselPoint[], random: Random, r: number, margin: number): Vec3 | undefined {
  for (let attempt = 0; attempt < 300 && vessels.length > 0; attempt++) {
    const vessel = vessels[random.int(0, vessels.length - 1)]!;
    const centre = plus(vessel.at, bend(random, vessel.direction, Math.PI / 2), vessel.radius * 0.5 + r * random.uniform(0.3, 0.9));
    const covered = centre[2] > zRange[0] + margin && centre[2] < zRange[1] - margin;
    if (covered && vessel.radius < Math.max(1.2, r * 0.6) && lungs.at(centre) > r) return centre;
  }
  return undefined;
}

/** Share of the shape inside the lung, by the same rays as the volume, eight shells of equal volume each. */
function shareInLung({ lungs }: LungSpace, centre: Vec3, shape: Shape): number {
  if (lungs.at(centre) > shape.radius * 1.6) return 1;
  let inside = 0, all = 0;
  for (let i = 0; i < directions.length; i += 3) {
    const d = directions[i]!, edge = shape.radius * relativeRadius(shape, ...d), weight = edge * edge * edge;
    for (let shell = 0; shell < 8; shell++) {
      const at = edge * Math.cbrt((shell + 0.5) / 8);
      all += weight;
      if (lungs.at([centre[0] + d[0] * at * shape.stretch[0], centre[1] + d[1] * at * shape.stretch[1], centre[2] + d[2] * at * shape.stretch[2]]) > 0) inside += weight;
    }
  }
  return inside / all;
}

/** Calls `visit` for each voxel the nodule covers, with the covered share (0 to 1) and the HU it would have there. */
function eachVoxel(canvas: Canvas, { lungs }: LungSpace, centre: Vec3, shape: Shape, visit: (index: number, share: number, hu: number) => void): void {
  const [, rows, columns] = canvas.dims, { origin, spacing, softness } = canvas, { stretch, radius } = shape;
  const box = boxAround(canvas, centre, centre, shape.diameter + softness);
  const nearWall = lungs.at(centre) < radius * 1.7 + 2;
  for (let k = box.from[0]; k <= box.to[0]; k++) for (let j = box.from[1]; j <= box.to[1]; j++) for (let i = box.from[2]; i <= box.to[2]; i++) {
    const p: Vec3 = [origin[0] + i * spacing[2], origin[1] + j * spacing[1], origin[2] + k * spacing[0]];
    const v: Vec3 = [(p[0] - centre[0]) / stretch[0], (p[1] - centre[1]) / stretch[1], (p[2] - centre[2]) / stretch[2]];
    const away = Math.sqrt(dot(v, v));
    const edge = radius * (away < 1e-3 ? 1 : relativeRadius(shape, v[0] / away, v[1] / away, v[2] / away));
    const inNodule = Math.min(1, (edge - away) / softness + 0.5);
    if (inNodule <= 0) continue;
    const inLung = nearWall ? Math.max(0, Math.min(1, lungs.at(p) / 0.8 + 0.5)) : 1;
    if (inLung > 0) visit((k * rows + j) * columns + i, inNodule * inLung, huAt(shape, away));
  }
}

function huAt(shape: Shape, away: number): number {
  if (shape.kind === 'part-solid' && away > shape.coreShare * shape.radius) return shape.haloHu;
  if (shape.kind === 'calcified' && away > 0.8 * shape.radius) return 60;
  return shape.hu;
}

function visibleShare(canvas: Canvas, space: LungSpace, centre: Vec3, shape: Shape): number {
  let volume = 0, visible = 0;
  eachVoxel(canvas, space, centre, shape, (index, share, hu) => {
    volume += share;
    if (hu > canvas.hu[index]! + 100) visible += share;
  });
  return volume === 0 ? 0 : visible / volume;
}

function paint(canvas: Canvas, space: LungSpace, centre: Vec3, shape: Shape): void {
  eachVoxel(canvas, space, centre, shape, (index, share, hu) => {
    const before = canvas.hu[index]!;
    if (hu > before) canvas.hu[index] = before + (hu - before) * share;
  });
}

function paintSpicules(canvas: Canvas, random: Random, centre: Vec3, { radius, spicules }: Shape): void {
  for (let s = 0; s < spicules; s++) {
    const direction = random.direction();
    const from = plus(centre, direction, radius * 0.7), to = plus(centre, direction, radius + random.uniform(1.5, 5));
    drawCapsule(canvas, { from, to, fromRadius: Math.min(1, radius * 0.22), toRadius: 0.3, hu: -100 });
  }
}
