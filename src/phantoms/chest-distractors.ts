/** What is in lungs and is no nodule: scars, bands, plaques, apical caps, micronodules, emphysema, infiltrates, plugged bronchi. */
import type { Anatomy, LungShape } from './chest-anatomy.ts';
import { drawCapsule, drawPlate, type Canvas } from './canvas.ts';
import { bend, type VesselPoint } from './chest-vessels.ts';
import type { Random } from './random.ts';
import { plus, type Vec3 } from './vector.ts';

/** What a point is searched in: the lung, within the slices. */
export interface LungSpace {
  readonly anatomy: Anatomy;
  readonly lungs: LungShape;
  readonly zRange: readonly [number, number];
}

/** A random point whose distance to the lung surface lies in [nearest, deepest] and that keeps `margin` from the first and last slice. */
export function randomLungPoint(space: LungSpace, random: Random, nearest: number, deepest: number, margin = 0): Vec3 | undefined {
  const { anatomy: a, lungs, zRange } = space;
  for (let attempt = 0; attempt < 3000; attempt++) {
    const z = random.uniform(zRange[0] + margin, zRange[1] - margin);
    const p: Vec3 = [random.uniform(-1, 1) * (a.lungX + a.lungRx), random.uniform(-1, 1) * a.lungRy, z];
    const d = lungs.at(p);
    if (d >= nearest && d <= deepest) return p;
  }
  return undefined;
}

export function drawDistractors(canvas: Canvas, space: LungSpace, vessels: readonly VesselPoint[], random: Random): void {
  const each = (count: number, nearest: number, deepest: number, draw: (p: Vec3) => void): void => {
    for (let i = 0; i < count; i++) {
      const p = randomLungPoint(space, random, nearest, deepest);
      if (p !== undefined) draw(p);
    }
  };
  each(random.int(0, 5), 0.5, 15, (p) => drawScar(canvas, random, p));
  each(random.int(0, 3), 1, 20, (p) => drawBand(canvas, random, p));
  each(random.int(0, 5), 0, 0.6, (p) => drawPlaque(canvas, space.lungs, random, p));
  if (random.chance(0.45)) drawApicalCap(canvas, space, random);
  if (random.chance(0.3)) each(random.int(3, 25), 1, 60, (p) => drawMicronodule(canvas, random, p));
  if (random.chance(0.35)) each(random.int(5, 40), 3, 60, (p) => drawCloud(canvas, random, p, [2, 7], [4, 8], -random.uniform(30, 110))); // emphysema
  if (random.chance(0.25)) each(random.int(1, 3), 8, 60, (p) => drawCloud(canvas, random, p, [14, 25], [18, 35], random.uniform(60, 220))); // infiltrate
  if (random.chance(0.4)) drawPluggedBronchi(canvas, vessels, random);
}

function drawScar(canvas: Canvas, random: Random, from: Vec3): void {
  const direction = random.direction();
  const kink = plus(from, direction, random.uniform(6, 18));
  const end = plus(kink, bend(random, direction, 0.3), random.uniform(4, 15));
  const radius = random.uniform(0.4, 1.1), hu = random.uniform(-350, 20);
  drawCapsule(canvas, { from, to: kink, fromRadius: radius, toRadius: radius, hu });
  drawCapsule(canvas, { from: kink, to: end, fromRadius: radius, toRadius: 0.3, hu });
}

function drawBand(canvas: Canvas, random: Random, centre: Vec3): void {
  const thickness = random.uniform(0.6, 1.1), radius = random.uniform(6, 14);
  drawPlate(canvas, { centre, normal: random.direction(), thickness, radius, hu: random.uniform(-400, -50), mode: 'raise' });
}

function drawPlaque(canvas: Canvas, lungs: LungShape, random: Random, centre: Vec3): void {
  const thickness = random.uniform(1, 2.2), radius = random.uniform(7, 16);
  drawPlate(canvas, { centre, normal: lungs.inward(centre), thickness, radius, hu: random.uniform(0, 60), mode: 'raise' });
}

/** Irregular scarring at the top of the lungs, common in older people: plates on the pleura with strands into the lung. */
function drawApicalCap(canvas: Canvas, space: LungSpace, random: Random): void {
  const top: LungSpace = { ...space, zRange: [space.anatomy.apexZ - 22, space.anatomy.apexZ] };
  for (let i = random.int(2, 6); i > 0; i--) {
    const p = randomLungPoint(top, random, 0, 1.5);
    if (p === undefined) continue;
    drawPlate(canvas, { centre: p, normal: space.lungs.inward(p), thickness: random.uniform(1, 3.5), radius: random.uniform(5, 11), hu: random.uniform(-300, 40), mode: 'raise' });
    const strand = plus(p, bend(random, space.lungs.inward(p), 0.7), random.uniform(5, 16));
    drawCapsule(canvas, { from: p, to: strand, fromRadius: random.uniform(0.5, 1.3), toRadius: 0.3, hu: random.uniform(-400, 0) });
  }
}

/** Below 2 mm: too small to be reported as a nodule, and so to be counted as one. */
function drawMicronodule(canvas: Canvas, random: Random, centre: Vec3): void {
  const radius = random.uniform(0.5, 1);
  drawCapsule(canvas, { from: centre, to: centre, fromRadius: radius, toRadius: radius, hu: random.uniform(-300, 150) });
}

function drawCloud(canvas: Canvas, random: Random, centre: Vec3, thickness: readonly [number, number], radius: readonly [number, number], hu: number): void {
  drawPlate(canvas, { centre, normal: random.direction(), thickness: random.uniform(...thickness), radius: random.uniform(...radius), hu, mode: 'add' });
}

/** Mucus in small bronchi: short, bright, tubular, beside a vessel. */
function drawPluggedBronchi(canvas: Canvas, vessels: readonly VesselPoint[], random: Random): void {
  const small = vessels.filter((v) => v.radius > 0.7 && v.radius < 1.6);
  for (let i = random.int(2, 9); i > 0 && small.length > 0; i--) {
    const vessel = small[random.int(0, small.length - 1)]!;
    const from = plus(vessel.at, bend(random, vessel.direction, Math.PI / 2), vessel.radius * 2);
    const radius = vessel.radius * random.uniform(0.8, 1.2);
    const to = plus(from, bend(random, vessel.direction, 0.15), Math.max(8, radius * 7) + random.uniform(0, 6));
    drawCapsule(canvas, { from, to, fromRadius: radius, toRadius: radius * 0.8, hu: random.uniform(-60, 40) });
  }
}
