/** Lesions of diabetic retinopathy by grade (ICDR 0 to 4), and what looks like them at every grade. */
import { nearDisc, retinalPoint, type Eye } from './fundus-eye.ts';
import { addSpot, drawStroke, makePlane, normal, wander, type Plane, type Point, type Spot } from './plane.ts';
import type { Random } from './random.ts';

export const lesionKinds = ['microaneurysm', 'haemorrhage', 'exudate', 'cotton-wool-spot', 'new-vessels'] as const;
export type LesionKind = (typeof lesionKinds)[number];

export interface Lesion {
  readonly kind: LesionKind;
  /** Centre in pixels, column and row. */
  readonly at: Point;
  /** Pixels. */
  readonly radius: number;
}

export type RetinopathyGrade = 0 | 1 | 2 | 3 | 4;

/** How the grades are told apart in these phantoms: by which lesions there are and how many. Written into each truth. */
export const gradeRule =
  'International Clinical Diabetic Retinopathy scale, as a rule of counts. 0: none. 1: 2-7 microaneurysms only. 2: 5-16 microaneurysms with 1-6 haemorrhages. '
  + '3: 20-34 haemorrhages over the whole field. 4: new vessels, one to three tufts.';

/** The layers a lesion is painted into: what absorbs like blood, and what reflects. */
export interface RetinaLayers {
  readonly blood: Plane;
  readonly bright: Plane;
  readonly vessels: Plane;
}

/** Paints the lesions of a grade and returns them all. */
export function drawLesions(layers: RetinaLayers, eye: Eye, grade: RetinopathyGrade, random: Random): readonly Lesion[] {
  const [aneurysms, haemorrhages, exudates, cottonWool, tufts] = countsOf(grade, random);
  const painter = new LesionPainter(layers, eye, random);
  for (let n = 0; n < aneurysms; n++) painter.microaneurysm();
  for (let n = 0; n < haemorrhages; n++) painter.haemorrhage();
  for (let left = exudates; left > 0; ) left -= painter.exudates(Math.min(left, random.int(1, 8)));
  for (let n = 0; n < cottonWool; n++) painter.cottonWoolSpot();
  for (let n = 0; n < tufts; n++) painter.newVessels();
  return painter.lesions;
}

function countsOf(grade: RetinopathyGrade, random: Random): readonly [number, number, number, number, number] {
  switch (grade) {
    case 1: return [random.int(2, 7), 0, 0, 0, 0];
    case 2: return [random.int(5, 16), random.int(1, 6), random.int(0, 14), random.int(0, 2), 0];
    case 3: return [random.int(12, 28), random.int(20, 34), random.int(4, 25), random.int(1, 5), 0];
    case 4: return [random.int(6, 24), random.int(4, 26), random.int(0, 25), random.int(0, 4), random.int(1, 3)];
    case 0: return [0, 0, 0, 0, 0];
  }
}

class LesionPainter {
  readonly lesions: Lesion[] = [];
  readonly #layers: RetinaLayers;
  readonly #eye: Eye;
  readonly #random: Random;
  /** Sizes are given for a picture of 768 pixels. */
  readonly #unit: number;

  constructor(layers: RetinaLayers, eye: Eye, random: Random) {
    this.#layers = layers;
    this.#eye = eye;
    this.#random = random;
    this.#unit = eye.size / 768;
  }

  microaneurysm(): void {
    const random = this.#random;
    let at = retinalPoint(this.#eye, random);
    for (let attempt = 0; attempt < 50 && this.#onVessel(at); attempt++) at = retinalPoint(this.#eye, random);
    const radius = random.uniform(1.6, 3.2);
    this.#spot(this.#layers.blood, at, { radius, amount: random.uniform(0.28, 0.6), soft: 0.5 });
    this.#note('microaneurysm', at, radius);
  }

  haemorrhage(): void {
    const random = this.#random, at = retinalPoint(this.#eye, random), flame = random.chance(0.4), radius = random.uniform(5, 15);
    for (let n = random.int(1, 3); n > 0; n--) {
      const near: Point = [at[0] + normal(random, radius * 0.5 * this.#unit), at[1] + normal(random, radius * 0.5 * this.#unit)];
      const aspect = flame ? random.uniform(0.25, 0.45) : random.uniform(0.6, 1);
      this.#spot(this.#layers.blood, near, { radius, amount: random.uniform(0.35, 0.7), soft: 1.6, aspect, angle: random.uniform(0, 3.1), lobes: random.uniform(0, 0.12), phase: random.uniform(0, 6) });
    }
    this.#note('haemorrhage', at, radius);
  }

  /** A group; returns how many. */
  exudates(count: number): number {
    const random = this.#random, middle = retinalPoint(this.#eye, random);
    for (let n = 0; n < count; n++) {
      const at: Point = [middle[0] + normal(random, 22 * this.#unit), middle[1] + normal(random, 22 * this.#unit)], radius = random.uniform(2.2, 7);
      this.#spot(this.#layers.bright, at, { radius, amount: random.uniform(0.5, 1), soft: 0.7, aspect: random.uniform(0.6, 1), angle: random.uniform(0, 3.1), lobes: random.uniform(0, 0.1), phase: random.uniform(0, 6) });
      this.#note('exudate', at, radius);
    }
    return count;
  }

  cottonWoolSpot(): void {
    const random = this.#random, at = retinalPoint(this.#eye, random), radius = random.uniform(11, 22);
    this.#spot(this.#layers.bright, at, { radius, amount: random.uniform(0.3, 0.5), soft: random.uniform(3, 5), aspect: random.uniform(0.5, 0.8), angle: random.uniform(0, 3.1) });
    this.#note('cotton-wool-spot', at, radius);
  }

  /** A tuft of fine, tangled vessels, half of them at the disc; sometimes with a bleeding in front of the retina. */
  newVessels(): void {
    const random = this.#random, at = random.chance(0.5) ? nearDisc(this.#eye, random) : retinalPoint(this.#eye, random), size = random.uniform(26, 55);
    for (let n = random.int(14, 26); n > 0; n--) {
      const from: Point = [at[0] + normal(random, 6 * this.#unit), at[1] + normal(random, 6 * this.#unit)];
      const points = wander(random, from, random.uniform(0, 2 * Math.PI), { length: size * this.#unit, step: 5 * this.#unit, jitter: 0.45 });
      drawStroke(this.#layers.blood, { points, from: random.uniform(1.6, 2.6) * this.#unit, to: 1.2 * this.#unit, amount: random.uniform(0.25, 0.45), soft: 0.8 });
    }
    this.#note('new-vessels', at, size * 0.75);
    if (!random.chance(0.35)) return;
    const bleeding: Point = [at[0] + normal(random, 30 * this.#unit), at[1] + random.uniform(20, 60) * this.#unit], radius = random.uniform(35, 75);
    this.#spot(this.#layers.blood, bleeding, { radius, amount: random.uniform(0.5, 1.1), soft: 3, aspect: random.uniform(0.4, 0.7), angle: normal(random, 0.2) });
    this.#note('haemorrhage', bleeding, radius);
  }

  #spot(plane: Plane, [x, y]: Point, spot: Omit<Spot, 'x' | 'y'>): void {
    addSpot(plane, { ...spot, x, y, radius: spot.radius * this.#unit, soft: (spot.soft ?? 1) * this.#unit });
  }

  #note(kind: LesionKind, at: Point, radius: number): void {
    this.lesions.push({ kind, at, radius: radius * this.#unit });
  }

  #onVessel([x, y]: Point): boolean {
    const { vessels } = this.#layers;
    return (vessels.values[Math.floor(y) * vessels.width + Math.floor(x)] ?? 0) > 0.1;
  }
}

/** Dust, drusen, reflexes: present at every grade, so that a bright or dark spot alone means nothing. */
export function drawRetinalLookAlikes({ blood, bright }: RetinaLayers, eye: Eye, random: Random): void {
  const { size, centre } = eye, unit = size / 768;
  const anywhere = (margin: number): Point => [random.uniform(margin, size - margin), random.uniform(margin, size - margin)];
  for (let n = random.int(0, 3); n > 0; n--) {
    const [x, y] = anywhere(60 * unit);
    addSpot(blood, { x, y, radius: random.uniform(3, 7) * unit, amount: random.uniform(0.05, 0.18), soft: 2.5 });
  }
  if (random.chance(0.15))
    for (let n = random.int(4, 16); n > 0; n--)
      addSpot(bright, { x: centre + normal(random, 80 * unit), y: centre + normal(random, 80 * unit), radius: random.uniform(3, 7) * unit, amount: random.uniform(0.08, 0.22), soft: 2 });
  if (random.chance(0.25)) {
    const [x, y] = anywhere(80 * unit);
    addSpot(bright, { x, y, radius: random.uniform(60, 160) * unit, amount: random.uniform(0.05, 0.2), soft: 30 * unit });
  }
  if (random.chance(0.3)) {
    const reflex = makePlane(size, size);
    const points = wander(random, anywhere(150 * unit), random.uniform(0, 6.28), { length: random.uniform(80, 200) * unit, step: 10 * unit, jitter: 0.08 });
    drawStroke(reflex, { points, from: random.uniform(4, 8) * unit, to: 2, amount: random.uniform(0.05, 0.15), soft: 3 });
    for (let q = 0; q < bright.values.length; q++) bright.values[q] = bright.values[q]! + reflex.values[q]!;
  }
}
