/** The patient of a chest phantom: sizes, densities, and where the lungs are. All lengths in mm, densities in HU. */
import type { Random } from './random.ts';
import { unit, type Vec3 } from './vector.ts';

export interface Fissure {
  readonly side: -1 | 1;
  readonly normal: Vec3;
  readonly offset: number;
  /** Added at the middle of the plane. */
  readonly hu: number;
  readonly wave: number;
}

export interface Anatomy {
  /** Distance of each lung's axis from the midline, half widths of the lung. */
  readonly lungX: number;
  readonly lungRx: number;
  readonly lungRy: number;
  readonly apexZ: number;
  readonly apexHeight: number;
  readonly domeZ: number;
  readonly domeDepth: number;
  /** Muscle and ribs around the lung, then subcutaneous fat. */
  readonly wall: number;
  readonly fat: number;
  readonly mediastinum: number;
  readonly lungHu: number;
  /** HU that the lung is denser at the back than in the middle. */
  readonly gravity: number;
  readonly softHu: number;
  readonly vesselHu: number;
  readonly heart: { readonly centre: Vec3; readonly radius: Vec3 };
  readonly ribPhase: number;
  readonly ribBump: number;
  readonly wave: number;
  readonly spineY: number;
  readonly aortaX: number;
  readonly trachea: { readonly x: number; readonly y: number; readonly radius: number };
  readonly fissures: readonly Fissure[];
  readonly atelectasis: { readonly depth: number; readonly hu: number } | undefined;
}

/** Draws a patient. z = 0 is the carina; the lungs reach from about −150 to +110. */
export function drawAnatomy(random: Random): Anatomy {
  const scale = random.uniform(0.85, 1.12);
  const contrast = random.chance(0.4);
  return {
    lungX: 66 * scale,
    lungRx: random.uniform(46, 53) * scale,
    lungRy: random.uniform(70, 84) * scale,
    apexZ: random.uniform(90, 108),
    apexHeight: random.uniform(90, 120),
    domeZ: random.uniform(-95, -70),
    domeDepth: random.uniform(35, 60),
    wall: random.uniform(18, 26),
    fat: random.uniform(4, 34),
    mediastinum: random.uniform(13, 20),
    lungHu: random.uniform(-900, -790),
    gravity: random.uniform(0, 45),
    softHu: random.uniform(30, 55),
    vesselHu: contrast ? random.uniform(110, 260) : random.uniform(20, 55),
    heart: {
      centre: [random.uniform(12, 25), random.uniform(-32, -15), random.uniform(-60, -40)],
      radius: [random.uniform(42, 54), random.uniform(36, 46), random.uniform(38, 50)],
    },
    ribPhase: random.uniform(0, 24),
    ribBump: random.uniform(0, 2.2),
    wave: random.uniform(0, 6),
    spineY: random.uniform(66, 74) * scale,
    aortaX: random.uniform(16, 24),
    trachea: { x: random.uniform(-3, 3), y: random.uniform(2, 14), radius: random.uniform(7, 9.5) },
    fissures: [drawFissure(random, -1), drawFissure(random, 1)],
    atelectasis: random.chance(0.35) ? { depth: random.uniform(4, 14), hu: random.uniform(60, 260) } : undefined,
  };
}

function drawFissure(random: Random, side: -1 | 1): Fissure {
  return {
    side,
    normal: unit([0.1 * side, random.uniform(0.5, 0.9), random.uniform(0.5, 0.9)]),
    offset: random.uniform(-5, 25),
    hu: random.uniform(60, 320),
    wave: random.uniform(0, 6),
  };
}

/** Half width and half depth of the body at the height of the lungs. */
export function bodyRadii(anatomy: Anatomy): { readonly x: number; readonly y: number } {
  return { x: anatomy.lungX + anatomy.lungRx + anatomy.wall + anatomy.fat, y: anatomy.lungRy + anatomy.wall + anatomy.fat };
}

/** Position within the repeating pattern of ribs: 0 to 24 mm, a rib where it is below 9. */
export function ribPhaseAt(anatomy: Anatomy, y: number, z: number): number {
  return (((z + 0.45 * y + anatomy.ribPhase) % 24) + 24) % 24;
}

/**
 * Signed distance to the lung surface, positive inside, in mm (approximate: exact enough within a few mm of the surface).
 *
 * Volumes are walked slice by slice and row by row, so what depends on z or y alone is worked out once:
 * `enterSlice(z)`, `enterRow(y)`, then `distance(x)`. `at(point)` does all three.
 */
export class LungShape {
  readonly #a: Anatomy;
  #taper = 1;
  #aboveApex = false;
  #z = 0;
  #wave = 0;
  #heartZ2 = 0;
  #y = 0;
  #qy = 0;
  #heartY2 = 0;
  #ribDent = 0;

  constructor(anatomy: Anatomy) {
    this.#a = anatomy;
  }

  at(point: Vec3): number {
    this.enterSlice(point[2]);
    this.enterRow(point[1]);
    return this.distance(point[0]);
  }

  /** Gradient of the distance at a point: the direction into the lung. */
  inward(point: Vec3): Vec3 {
    const [x, y, z] = point;
    return unit([
      this.at([x + 1, y, z]) - this.at([x - 1, y, z]),
      this.at([x, y + 1, z]) - this.at([x, y - 1, z]),
      this.at([x, y, z + 1]) - this.at([x, y, z - 1]),
    ]);
  }

  enterSlice(z: number): void {
    const a = this.#a;
    const up = Math.max(0, (z - (a.apexZ - a.apexHeight)) / a.apexHeight);
    const taper2 = 1 - up * up;
    this.#aboveApex = taper2 <= 0.01;
    this.#taper = Math.sqrt(Math.max(0.01, taper2));
    this.#z = z;
    this.#wave = a.mediastinum + 6 * Math.sin(z * 0.03 + a.wave);
    const heartZ = (z - a.heart.centre[2]) / a.heart.radius[2];
    this.#heartZ2 = heartZ * heartZ;
  }

  enterRow(y: number): void {
    const a = this.#a;
    this.#y = y;
    this.#qy = (y + 12 * (1 - this.#taper)) / (a.lungRy * this.#taper);
    const heartY = (y - a.heart.centre[1]) / a.heart.radius[1];
    this.#heartY2 = heartY * heartY;
    const phase = ribPhaseAt(a, y, this.#z);
    this.#ribDent = phase < 9 ? a.ribBump * (1 - Math.abs(phase - 4.5) / 4.5) : 0;
  }

  distance(x: number): number {
    if (this.#aboveApex) return -10;
    const a = this.#a, taper = this.#taper, qy = this.#qy;
    const side = x < 0 ? -1 : 1;
    const qx = (x - side * a.lungX * (0.45 + 0.55 * taper)) / (a.lungRx * taper);
    let d = (1 - Math.sqrt(qx * qx + qy * qy)) * a.lungRx * taper;
    if (d < -40) return d;
    if (d < 12) d -= this.#ribDent;
    const dome = a.domeZ - a.domeDepth * (qx * qx * 0.6 + qy * qy) + (side < 0 ? 8 : 0);
    d = Math.min(d, (this.#z - dome) * 0.75, Math.abs(x) - this.#wave);
    const heartX = (x - a.heart.centre[0]) / a.heart.radius[0];
    const heart2 = heartX * heartX + this.#heartY2 + this.#heartZ2;
    // Far from the heart it cannot be the nearest border; the root is saved there.
    return heart2 > 9 ? d : Math.min(d, (Math.sqrt(heart2) - 1) * 38);
  }

  /** Where across the lung's height above its back a row lies, −1 front to +1 back. */
  get depth(): number {
    return this.#y / this.#a.lungRy;
  }
}
