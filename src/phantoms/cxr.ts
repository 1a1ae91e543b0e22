/** Frontal chest radiograph phantoms: soft tissue minus the air of the lungs, plus heart, vessels, bones and devices, then the exposure. */
import { drawChest, drawPose, heartAt, lungAt, ribsAt, type Chest, type Pose } from './cxr-chest.ts';
import { boxOf, cxrFindings, drawCxrLookAlikes, drawEffusion, drawNodules, drawOpacity, drawPneumothorax, type CxrFinding, type PixelBox, type Shadow } from './cxr-findings.ts';
import { addSpot, drawStroke, fractal, lightBlur, makePlane, noisePlane, sigmoid, smoothStep, wander, type Plane } from './plane.ts';
import { randomOf, type Random } from './random.ts';

export interface CxrOptions {
  /** Rows and columns, default 512. */
  readonly matrix?: number;
  /** What is to be seen; default drawn. Cardiomegaly follows from the heart's size and cannot be asked for. */
  readonly findings?: readonly Exclude<CxrFinding, 'cardiomegaly'>[];
}

export interface Cxr {
  readonly size: number;
  /** 12 bits, bright = dense (MONOCHROME2). */
  readonly pixels: Uint16Array;
  readonly truth: CxrTruth;
}

export interface CxrTruth {
  readonly phantom: 'cxr';
  readonly seed: number;
  readonly findings: Readonly<Record<CxrFinding, boolean>>;
  /** Where they are; cardiomegaly has none. */
  readonly boxes: readonly { readonly finding: CxrFinding; readonly box: PixelBox }[];
  /** Above 0.5 counts as cardiomegaly. */
  readonly cardiothoracicRatio: number;
}

/** A finding of fewer pixels (of 256 × 256) is not to be seen and does not count. */
const LEAST_PIXELS: Readonly<Record<CxrFinding, number>> = { effusion: 40, opacity: 120, nodule: 20, pneumothorax: 120, cardiomegaly: 0 };

export function renderCxr(seed: number, options: CxrOptions = {}): Cxr {
  const size = options.matrix ?? 512, chest = drawChest(randomOf(seed, 'chest')), pose = drawPose(randomOf(seed, 'pose'), size);
  const air = airOf(chest, pose), wanted = options.findings ?? drawFindings(randomOf(seed, 'findings'));
  const shadows = wanted.map((finding) => drawFinding(finding, chest, pose, air, randomOf(seed, finding)));
  const density = compose(chest, pose, air, shadows, randomOf(seed, 'tissue'));
  const pixels = expose(density, randomOf(seed, 'exposure'));
  const seen = shadows.flatMap(({ finding, marked }) => {
    const box = boxOf(marked, LEAST_PIXELS[finding] * (size / 256) * (size / 256));
    return box === undefined ? [] : [{ finding, box }];
  });
  const isThere = (finding: CxrFinding): boolean => (finding === 'cardiomegaly' ? chest.cardiothoracicRatio > 0.5 : seen.some((s) => s.finding === finding));
  const findings = Object.fromEntries(cxrFindings.map((finding) => [finding, isThere(finding)])) as Record<CxrFinding, boolean>;
  return { size, pixels, truth: { phantom: 'cxr', seed, findings, boxes: seen, cardiothoracicRatio: chest.cardiothoracicRatio } };
}

function drawFindings(random: Random): Exclude<CxrFinding, 'cardiomegaly'>[] {
  if (random.chance(0.2)) return [];
  const chances = { effusion: 0.33, opacity: 0.36, nodule: 0.36, pneumothorax: 0.25 } as const;
  return (['effusion', 'opacity', 'nodule', 'pneumothorax'] as const).filter((finding) => random.chance(chances[finding]));
}

function drawFinding(finding: Exclude<CxrFinding, 'cardiomegaly'>, chest: Chest, pose: Pose, air: Plane, random: Random): Shadow {
  switch (finding) {
    case 'effusion': return drawEffusion(chest, pose, random);
    case 'opacity': return drawOpacity(chest, pose, random);
    case 'nodule': return drawNodules(chest, pose, air, random);
    case 'pneumothorax': return drawPneumothorax(chest, pose, random);
  }
  throw new RangeError(`no such finding: ${String(finding)}`);
}

/** Thickness of air at each pixel, 0 to 1. */
function airOf(chest: Chest, pose: Pose): Plane {
  const air = makePlane(pose.size, pose.size);
  for (let row = 0, q = 0; row < pose.size; row++)
    for (let column = 0; column < pose.size; column++, q++) {
      const [x, y] = pose.place(column, row), { distance } = lungAt(chest, x, y);
      const deep = 1 - Math.exp(-Math.max(0, Math.min(1, distance)) / 0.07);
      air.values[q] = sigmoid(distance / 0.003) * (0.35 + 0.65 * deep) * (1 - 0.93 * denseAt(chest, x, y));
    }
  return air;
}

/** Heart, mediastinum and aortic knob. */
function denseAt(chest: Chest, x: number, y: number): number {
  const middle = sigmoid((0.062 + 0.02 * Math.sin(5 * y) - Math.abs(x - 0.01)) / 0.008);
  const kx = (x - 0.06) / 0.036, ky = (y - 0.305) / 0.045, knob = sigmoid((1 - Math.sqrt(kx * kx + ky * ky)) / 0.12);
  return Math.max(middle, knob, heartAt(chest, x, y));
}

function compose(chest: Chest, pose: Pose, air: Plane, shadows: readonly Shadow[], random: Random): Plane {
  const { size } = pose, out = makePlane(size, size), vessels = makePlane(size, size), layer = makePlane(size, size);
  drawVessels(vessels, pose, random);
  drawDevices(layer, pose, random);
  drawClavicles(layer, pose, random);
  drawCxrLookAlikes(pose, layer, random);
  const mottle = fractal(random, size, size, 8, 4, 0.8);
  const fat = random.uniform(0, 0.25), airGain = random.uniform(0.4, 0.52), denseGain = random.uniform(0.05, 0.12), vesselGain = random.uniform(0.7, 1.1);
  for (let row = 0, q = 0; row < size; row++)
    for (let column = 0; column < size; column++, q++) {
      const [x, y] = pose.place(column, row), across = x / (0.1 + (chest.trunk - 0.1) * smoothStep(-0.06, chest.shoulder, y));
      const body = Math.pow(Math.max(0, 1 - across * across), 0.3);
      let gas = air.values[q]!, bare = 0, added = 0;
      for (const shadow of shadows) {
        gas *= 1 - shadow.airLost.values[q]!;
        bare = Math.max(bare, shadow.bare.values[q]!);
        added += shadow.added.values[q]!;
      }
      const tissue = body * (0.62 + (y > 0.3 ? 0.3 * fat : 0) + 0.12 * smoothStep(0.5, 0.95, y));
      const spine = sigmoid((0.037 - Math.abs(x)) / 0.004) * (0.05 + (Math.sin((y / 0.04) * 2 * Math.PI) > 0.2 ? 0.04 : 0));
      const windpipe = 0.1 * sigmoid((0.018 - Math.abs(x)) / 0.004) * sigmoid((0.4 - y) / 0.02);
      out.values[q] = tissue - body * airGain * gas + denseGain * denseAt(chest, x, y) + vesselGain * vessels.values[q]! * air.values[q]! * (1 - bare)
        + body * (ribsAt(chest, x, y) + spine) - windpipe + layer.values[q]! * body + added + 0.012 * mottle.values[q]! * body;
    }
  return out;
}

function drawVessels(plane: Plane, pose: Pose, random: Random): void {
  const unit = pose.size / 256;
  for (const side of [-1, 1])
    for (let n = random.int(6, 13); n > 0; n--) {
      const angle = random.uniform(-1.35, 1.35), towards = side > 0 ? angle : Math.PI - angle, long = random.uniform(0.1, 0.27) * pose.size, width = random.uniform(1.8, 4.2) * unit;
      const points = wander(random, pose.pixel(side * random.uniform(0.06, 0.1), random.uniform(0.36, 0.47)), towards, { length: long, step: 6 * unit, jitter: 0.16, pull: 0.1 });
      drawStroke(plane, { points, from: width, to: 0.8 * unit, amount: random.uniform(0.05, 0.12), soft: unit });
      for (let child = 0; child < 2; child++) {
        const from = points[random.int(1, points.length - 1)]!;
        const twig = wander(random, from, towards + random.uniform(-0.8, 0.8), { length: long * 0.5, step: 6 * unit, jitter: 0.16 });
        drawStroke(plane, { points: twig, from: width * 0.6, to: 0.6 * unit, amount: random.uniform(0.03, 0.08), soft: unit });
      }
    }
}

function drawClavicles(layer: Plane, pose: Pose, random: Random): void {
  const unit = pose.size / 256;
  for (const side of [-1, 1]) {
    const top = random.uniform(0.1, 0.2), rise = random.uniform(0.02, 0.09);
    const points = Array.from({ length: 7 }, (_, k) => pose.pixel(side * (0.03 + (0.3 * k) / 6), top + 0.02 * Math.sin(k) - (rise * k) / 6));
    drawStroke(layer, { points, from: random.uniform(5, 8) * unit, to: random.uniform(4, 6) * unit, amount: random.uniform(0.05, 0.1), soft: 1.2 * unit });
  }
}

/** Electrodes with leads, a catheter, a pacemaker: bright, and no finding. */
function drawDevices(layer: Plane, pose: Pose, random: Random): void {
  const unit = pose.size / 256;
  if (random.chance(0.22))
    for (let n = random.int(1, 4); n > 0; n--) {
      const [x, y] = pose.pixel(random.uniform(-0.3, 0.3), random.uniform(0.25, 0.75));
      addSpot(layer, { x, y, radius: random.uniform(2.5, 4.5) * unit, amount: random.uniform(0.15, 0.4), soft: 0.4 * unit });
      drawStroke(layer, { points: wander(random, [x, y], random.uniform(0, 6.28), { length: random.uniform(60, 160) * unit, step: 6 * unit, jitter: 0.15 }), from: 1.3 * unit, to: 1.3 * unit, amount: random.uniform(0.1, 0.3), soft: 0.5 * unit });
    }
  if (random.chance(0.12)) {
    const side = random.chance(0.3) ? 1 : -1;
    const points = [pose.pixel(side * 0.3, random.uniform(0.1, 0.2)), pose.pixel(side * 0.12, random.uniform(0.2, 0.25)), pose.pixel(-0.05, 0.3), pose.pixel(-0.05, random.uniform(0.38, 0.5))];
    drawStroke(layer, { points, from: 1.4 * unit, to: 1.4 * unit, amount: random.uniform(0.1, 0.25), soft: 0.5 * unit });
  }
  if (random.chance(0.07)) {
    const at = pose.pixel((random.chance(0.8) ? 1 : -1) * random.uniform(0.2, 0.27), random.uniform(0.2, 0.27));
    addSpot(layer, { x: at[0], y: at[1], radius: random.uniform(10, 15) * unit, amount: random.uniform(0.4, 0.7), soft: 0.4 * unit, aspect: random.uniform(0.7, 0.95), angle: random.uniform(0, 3) });
    drawStroke(layer, { points: [at, pose.pixel(-0.03, 0.35), pose.pixel(0.06, random.uniform(0.6, 0.72))], from: 1.6 * unit, to: 1.6 * unit, amount: 0.3, soft: 0.5 * unit });
  }
}

/** Display curve, blur, noise, collimation; to 12 bits. */
function expose(density: Plane, random: Random): Uint16Array {
  const { width, height } = density, sorted = Float32Array.from(density.values).sort();
  const low = sorted[Math.floor(0.01 * (sorted.length - 1))]!, high = sorted[Math.floor(0.99 * (sorted.length - 1))]!;
  const gamma = random.uniform(0.55, 1.7);
  for (let q = 0; q < sorted.length; q++) density.values[q] = Math.pow(Math.max(0, Math.min(1.2, (density.values[q]! - low) / (high - low))), gamma);
  const picture = lightBlur(density, random.uniform(0, 0.25)), noise = lightBlur(noisePlane(random, width, height), 0.12), sigma = random.uniform(0.004, 0.03);
  const edges = [0, 1, 2, 3].map(() => (random.chance(0.2) ? random.int(1, Math.round(width * 0.06)) : 0)) as [number, number, number, number];
  const out = new Uint16Array(sorted.length);
  for (let y = 0, q = 0; y < height; y++)
    for (let x = 0; x < width; x++, q++) {
      const shut = y < edges[0] || y >= height - edges[1] || x < edges[2] || x >= width - edges[3];
      out[q] = shut ? 0 : Math.max(0, Math.min(4095, Math.round(3000 * (picture.values[q]! + sigma * noise.values[q]!) + 200)));
    }
  return out;
}
