/**
 * The beating heart of the cardiac phantom: left ventricle as a half ellipsoid with a muscular wall of constant volume, right ventricle as
 * a shell beside it, both cut by a base plane that moves towards the apex in systole. All volumes follow from formulas.
 * Millimetres; z from the base plane at end diastole towards the apex.
 */
import type { Random } from './random.ts';

/** What a point of the heart belongs to; also the label in label maps. */
export const label = { background: 0, rightVentricle: 1, myocardium: 2, leftVentricle: 3 } as const;
export type Label = (typeof label)[keyof typeof label];

export interface Heart {
  /** Number of phases of the cycle, and by how many the first image comes late. */
  readonly phases: number;
  readonly firstPhase: number;
  /** Ejection fraction 0 to 1 and end-diastolic volume (ml) of the left ventricle. */
  readonly ejectionFraction: number;
  readonly edv: number;
  /** Inner length and radius at end diastole, wall thickness, right ventricle's half axes as shares. */
  readonly length: number;
  readonly radius: number;
  readonly wall: number;
  readonly rvWidth: number;
  readonly rvDepth: number;
  /** Share of the cycle at which systole ends. */
  readonly systole: number;
  readonly wallVolume: number;
  readonly papillary: readonly { readonly angle: number; readonly radius: number; readonly at: number }[];
}

export interface HeartShape {
  /** 0 at end diastole, 1 at end systole. */
  readonly contraction: number;
  /** Of the left ventricle, ml. */
  readonly volume: number;
  readonly length: number;
  readonly radius: number;
  readonly wall: number;
  /** How far the base plane has come towards the apex, mm. */
  readonly base: number;
}

/** Share of shortening that is done by the base: the apex hardly moves. */
const BASE_SHARE = 0.85;

export function drawHeart(random: Random, phases: number): Heart {
  const ejectionFraction = random.uniform(0.15, 0.75), edv = random.uniform(80, 250), length = random.uniform(72, 102);
  const radius = Math.sqrt((edv * 1000) / ((2 / 3) * Math.PI * length)), wall = random.uniform(6, 13.5);
  return {
    phases, ejectionFraction, edv, length, radius, wall,
    firstPhase: random.chance(0.3) ? random.int(0, phases - 1) : 0,
    rvWidth: random.uniform(0.75, 1.1),
    rvDepth: random.uniform(0.8, 1.05),
    systole: random.uniform(0.3, 0.44),
    wallVolume: halfEllipsoid(radius + wall, length + wall) - halfEllipsoid(radius, length),
    papillary: [0, 1].map(() => ({ angle: random.uniform(0, 6.28), radius: random.uniform(3, 5.5), at: random.uniform(0.6, 0.8) })),
  };
}

function halfEllipsoid(radius: number, length: number): number {
  return (2 / 3) * Math.PI * radius * radius * length;
}

/** The heart at image `phase` of the series. */
export function heartAt(heart: Heart, phase: number): HeartShape {
  const contraction = contractionAt(heart, ((phase + heart.firstPhase) % heart.phases) / heart.phases);
  const volume = heart.edv * (1 - heart.ejectionFraction * contraction), length = heart.length * (1 - 0.12 * contraction);
  const radius = Math.sqrt((volume * 1000) / ((2 / 3) * Math.PI * length));
  return { contraction, volume, length, radius, wall: wallFor(heart, radius, length), base: (heart.length - length) * BASE_SHARE };
}

/** Ejection, rapid filling, rest, atrial kick. */
function contractionAt({ systole }: Heart, time: number): number {
  const ramp = (q: number): number => 0.5 - 0.5 * Math.cos(Math.PI * Math.max(0, Math.min(1, q)));
  if (time < systole) return ramp(time / systole);
  const d = (time - systole) / (1 - systole);
  return 1 - 0.75 * ramp(d / 0.45) - 0.25 * ramp((d - 0.75) / 0.25);
}

/** Muscle cannot be compressed: the wall thickens as the cavity shrinks. Newton's method on the volume of the wall. */
function wallFor(heart: Heart, radius: number, length: number): number {
  let wall = heart.wall;
  for (let step = 0; step < 20; step++) {
    const excess = halfEllipsoid(radius + wall, length + wall) - halfEllipsoid(radius, length) - heart.wallVolume;
    wall -= excess / ((2 / 3) * Math.PI * (2 * (radius + wall) * (length + wall) + (radius + wall) * (radius + wall)));
  }
  return wall;
}

/** Cross-section of the heart at one height: radii of the circles, half axes of the right ventricle; zero when not met. */
export interface Section {
  readonly inner: number;
  readonly outer: number;
  readonly rvCentre: number;
  readonly rvX: number;
  readonly rvY: number;
  /** −: above the base plane (atria), 0 to 1: share of the way to the inner apex. */
  readonly depth: number;
}

export function sectionAt(heart: Heart, shape: HeartShape, z: number): Section {
  const below = z - shape.base, depth = below / shape.length, outerDepth = below / (shape.length + shape.wall);
  const circle = (radius: number, share: number): number => (share >= 0 && share < 1 ? radius * Math.sqrt(1 - share * share) : 0);
  const rv = circle(1, outerDepth / 0.93);
  const full = heart.radius + heart.wall;
  const squeeze = heart.ejectionFraction * shape.contraction;
  const rvX = full * heart.rvWidth * rv * (1 - 0.5 * squeeze);
  return {
    depth,
    inner: circle(shape.radius, depth),
    outer: circle(shape.radius + shape.wall, outerDepth),
    rvX,
    rvY: full * heart.rvDepth * rv * 1.05 * (1 - 0.25 * squeeze),
    rvCentre: rv === 0 ? 0 : -((shape.radius + shape.wall) * 0.62 * (0.6 + 0.4 * rv) + rvX * 0.25),
  };
}

/** x towards the lateral wall, y to the back of the heart's own system. */
export function labelAt(section: Section, shape: HeartShape, x: number, y: number): Label {
  const away2 = x * x + y * y;
  if (away2 < section.inner * section.inner) return label.leftVentricle;
  if (away2 < section.outer * section.outer) return label.myocardium;
  if (section.rvX > 0 && x < 0.15 * shape.radius) {
    const rx = (x - section.rvCentre) / section.rvX, ry = y / section.rvY;
    if (rx * rx + ry * ry < 1) return label.rightVentricle;
  }
  return label.background;
}

/** Volume of the right ventricle in ml, summed over a fine grid (1 mm in each direction). */
export function rightVentricleVolume(heart: Heart, shape: HeartShape): number {
  let cells = 0;
  for (let z = shape.base + 0.5; z < shape.base + (shape.length + shape.wall) * 0.93; z++) {
    const section = sectionAt(heart, shape, z), left = Math.floor(section.rvCentre - section.rvX);
    for (let y = -Math.ceil(section.rvY) + 0.5; y < section.rvY; y++)
      for (let x = left + 0.5; x < 0.15 * shape.radius; x++) if (labelAt(section, shape, x, y) === label.rightVentricle) cells++;
  }
  return cells / 1000;
}
