/** Draws everything of a chest that is there in every patient except vessels and airways: body, bones, heart, lung tissue. */
import { bodyRadii, ribPhaseAt, type Anatomy, type LungShape } from './chest-anatomy.ts';
import type { Canvas } from './canvas.ts';

const AIR = -1000;

/** Fills the whole canvas. Cost: about 30 ns per voxel inside the body. */
export function drawTissue(canvas: Canvas, anatomy: Anatomy, lungs: LungShape): void {
  const { dims: [slices, rows, columns], spacing, origin, hu } = canvas;
  const body = bodyRadii(anatomy);
  const texture = new LungTexture(anatomy, columns, origin[0], spacing[2]);
  hu.fill(AIR);
  for (let k = 0; k < slices; k++) {
    const z = origin[2] + k * spacing[0];
    lungs.enterSlice(z);
    texture.enterSlice(z);
    for (let j = 0; j < rows; j++) {
      const y = origin[1] + j * spacing[1], base = (k * rows + j) * columns;
      drawTable(hu, base, columns, y, body.y);
      const inside = 1 - (y * y) / (body.y * body.y);
      if (inside <= 0) continue;
      lungs.enterRow(y);
      texture.enterRow(y, lungs.depth);
      const halfWidth = body.x * Math.sqrt(inside);
      const first = Math.max(0, Math.ceil((-halfWidth - origin[0]) / spacing[2]));
      const last = Math.min(columns - 1, Math.floor((halfWidth - origin[0]) / spacing[2]));
      for (let i = first; i <= last; i++) {
        const x = origin[0] + i * spacing[2], d = lungs.distance(x);
        const share = d <= -0.4 ? 0 : d >= 0.4 ? 1 : d / 0.8 + 0.5; // partial volume at the pleura
        let value = share < 1 ? (1 - share) * softTissueAt(anatomy, x, y, z, d) : 0;
        if (share > 0) value += share * texture.at(i, x, d > 0 ? d : 0);
        hu[base + i] = value;
      }
    }
  }
}

/** The patient lies on a thin plate, as on every scanner. */
function drawTable(hu: Float32Array, base: number, columns: number, y: number, bodyDepth: number): void {
  const below = y - bodyDepth - 6;
  if (below >= 0 && below < 12) hu.fill(below < 2 || below > 10 ? -200 : -880, base + (columns >> 3), base + columns - (columns >> 3));
}

function softTissueAt(a: Anatomy, x: number, y: number, z: number, d: number): number {
  const spineY = y - a.spineY, spine2 = x * x + spineY * spineY;
  if (spine2 < 361) return spine2 > 256 ? 450 : 190; // vertebral body: shell and spongy bone
  const aortaX = x - a.aortaX, aortaY = spineY + 24;
  if (aortaX * aortaX + aortaY * aortaY < 144) return a.vesselHu;
  if (d > -10 && d < -2 && (x > 25 || x < -25)) {
    const wallX = ((x < 0 ? -x : x) - a.lungX) / a.lungRx, wallY = y / a.lungRy;
    if (wallX * wallX + wallY * wallY > 1) { // chest wall, not heart or diaphragm
      const phase = ribPhaseAt(a, y, z);
      if (phase < 9) return Math.abs(phase - 4.5) < 3 && Math.abs(d + 6) < 2.6 ? 200 : 520;
      if (d > -4) return -60; // intercostal fat
    }
  }
  const innerX = x / (a.lungX + a.lungRx + a.wall), innerY = y / (a.lungRy + a.wall);
  return innerX * innerX + innerY * innerY > 1 ? -100 : a.softHu;
}

/** Density of lung without vessels: gravity gradient, slow and fast waves, fissures, dependent atelectasis. */
class LungTexture {
  readonly #a: Anatomy;
  readonly #slow: Float64Array;
  readonly #fast: Float64Array;
  readonly #fissureWave: readonly Float64Array[];
  readonly #x0: number;
  readonly #step: number;
  #y = 0;
  #z = 0;
  #base = 0;
  #slowRow = 0;
  #fastRow = 0;
  #depth = 0;

  constructor(anatomy: Anatomy, columns: number, x0: number, step: number) {
    this.#a = anatomy;
    this.#x0 = x0;
    this.#step = step;
    this.#fast = new Float64Array(columns);
    this.#slow = Float64Array.from({ length: columns }, (_, i) => Math.sin((x0 + i * step) * 0.07 + anatomy.wave));
    this.#fissureWave = anatomy.fissures.map((f) => Float64Array.from({ length: columns }, (_, i) => 5 * Math.sin(0.04 * (x0 + i * step) + f.wave)));
  }

  enterSlice(z: number): void {
    this.#z = z;
    for (let i = 0; i < this.#fast.length; i++) this.#fast[i] = Math.sin(0.31 * (this.#x0 + i * this.#step) + 0.23 * z);
  }

  enterRow(y: number, depth: number): void {
    this.#y = y;
    this.#depth = depth;
    this.#base = this.#a.lungHu + this.#a.gravity * depth;
    this.#slowRow = 12 * Math.sin(y * 0.06 + this.#z * 0.05);
    this.#fastRow = 8 * Math.sin(0.27 * y - 0.2 * this.#z);
  }

  at(column: number, x: number, d: number): number {
    const a = this.#a;
    let value = this.#base + this.#slowRow * this.#slow[column]! + this.#fastRow * this.#fast[column]!;
    const side = x < 0 ? 0 : 1, fissure = a.fissures[side]!, normal = fissure.normal;
    const wave = this.#fissureWave[side]![column]! * Math.sin(0.05 * this.#z);
    const q = x * normal[0] + this.#y * normal[1] + this.#z * normal[2] - fissure.offset + wave;
    if (q > -2 && q < 2) value += fissure.hu * Math.exp((-q * q) / 0.5);
    if (a.atelectasis !== undefined && this.#depth > 0 && d < a.atelectasis.depth) value += a.atelectasis.hu * (1 - d / a.atelectasis.depth) * this.#depth;
    return value;
  }
}
