/**
 * Vessels and airways of a chest phantom. Trees are grown towards points spread over the whole lung: a tree that merely
 * branches at random leaves the periphery empty, and a detector trained on it takes every real peripheral vessel for a nodule.
 */
import type { Anatomy, LungShape } from './chest-anatomy.ts';
import { drawCapsule, drawPlate, type Canvas } from './canvas.ts';
import type { Random } from './random.ts';
import { distance, dot, length, minus, plus, scaled, unit, type Vec3 } from './vector.ts';

/** A point on the axis of a vessel, its radius and where the vessel goes. */
export interface VesselPoint {
  readonly at: Vec3;
  readonly radius: number;
  readonly direction: Vec3;
}

interface TreeNode {
  readonly at: Vec3;
  readonly parent: number;
  readonly direction: Vec3 | undefined;
  /** Ends downstream: the flow that the branch carries. */
  leaves: number;
}

/** Draws hila, arteries with their bronchi, veins, trachea and main bronchi. Returns the vessels' axes. */
export function drawVesselsAndAirways(canvas: Canvas, anatomy: Anatomy, lungs: LungShape, random: Random): readonly VesselPoint[] {
  const points: VesselPoint[] = [];
  const ends = Math.round(random.uniform(350, 1600));
  for (const side of [-1, 1] as const) {
    const hilum: Vec3 = [side * (anatomy.mediastinum + 6), 5, -10];
    drawPlate(canvas, { centre: hilum, normal: [side, 0, 0], thickness: 8, radius: 15, hu: anatomy.vesselHu, mode: 'raise' });
    for (const kind of ['artery', 'vein'] as const) {
      const z = kind === 'artery' ? random.uniform(-10, 5) : random.uniform(-30, -12);
      const root: Vec3 = [side * (anatomy.mediastinum + 5), random.uniform(-5, 12), z];
      const tree = growTree(random, root, spreadOverLung(anatomy, lungs, random, side, ends));
      drawTree(canvas, anatomy, lungs, { tree, leafRadius: random.uniform(0.28, 0.46), withBronchus: kind === 'artery' }, points);
    }
  }
  drawCentralAirways(canvas, anatomy);
  return points;
}

/** A random direction at `angle` (radians) to `direction`. */
export function bend(random: Random, direction: Vec3, angle: number): Vec3 {
  const other = random.direction();
  const across = unit(minus(other, scaled(direction, dot(other, direction))));
  return plus(scaled(direction, Math.cos(angle)), across, Math.sin(angle));
}

function spreadOverLung(a: Anatomy, lungs: LungShape, random: Random, side: -1 | 1, count: number): Vec3[] {
  const targets: Vec3[] = [];
  for (let attempt = 0; targets.length < count && attempt < 8000; attempt++) {
    const p: Vec3 = [side * random.uniform(a.mediastinum, a.lungX + a.lungRx), random.uniform(-1, 1) * a.lungRy, random.uniform(-150, 108)];
    if (lungs.at(p) > random.uniform(1.5, 12)) targets.push(p);
  }
  return targets;
}

/** Connects targets one by one, nearest to the root first, to the closest node from which the way there is not a U-turn. */
function growTree(random: Random, root: Vec3, targets: Vec3[]): readonly TreeNode[] {
  const nodes: TreeNode[] = [{ at: root, parent: -1, direction: undefined, leaves: 0 }];
  targets.sort((a, b) => distance(a, root) - distance(b, root));
  for (const target of targets) {
    let at = closestNode(nodes, target);
    for (let step = 0; step < 40 && distance(nodes[at]!.at, target) > 3; step++) {
      nodes.push(stepTowards(random, nodes[at]!, at, target));
      at = nodes.length - 1;
    }
    for (let n = at; n >= 0; n = nodes[n]!.parent) nodes[n]!.leaves++;
  }
  return nodes;
}

function stepTowards(random: Random, from: TreeNode, index: number, target: Vec3): TreeNode {
  const way = minus(target, from.at), wanted = unit(way);
  const direction = from.direction === undefined ? wanted : unit(plus(scaled(wanted, 1.2), plus(from.direction, random.direction(), 0.35), 0.6));
  return { at: plus(from.at, direction, Math.min(length(way), random.uniform(3, 6))), parent: index, direction, leaves: 0 };
}

function closestNode(nodes: readonly TreeNode[], target: Vec3): number {
  let best = 0, lowest = Infinity;
  for (let n = 0; n < nodes.length; n++) {
    const node = nodes[n]!, dx = target[0] - node.at[0], dy = target[1] - node.at[1], dz = target[2] - node.at[2];
    const away = Math.sqrt(dx * dx + dy * dy + dz * dz);
    if (away >= lowest) continue;
    const d = node.direction;
    const forward = d === undefined ? 1 : (dx * d[0] + dy * d[1] + dz * d[2]) / (away || 1);
    const cost = away * (forward < -0.3 ? 3 : forward < 0.2 ? 1.4 : 1);
    if (cost < lowest) [best, lowest] = [n, cost];
  }
  return best;
}

interface TreeToDraw {
  readonly tree: readonly TreeNode[];
  readonly leafRadius: number;
  readonly withBronchus: boolean;
}

/** The radius follows from the leaves downstream (Murray's law, with an exponent near 1/3). */
function drawTree(canvas: Canvas, a: Anatomy, lungs: LungShape, { tree, leafRadius, withBronchus }: TreeToDraw, points: VesselPoint[]): void {
  for (const node of tree) {
    const parent = tree[node.parent], direction = node.direction;
    if (parent === undefined || direction === undefined || node.leaves === 0) continue;
    const radius = leafRadius * Math.pow(node.leaves, 0.38);
    if (lungs.at(node.at) < 0.8 && lungs.at(parent.at) > 0) continue;
    drawCapsule(canvas, { from: parent.at, to: node.at, fromRadius: radius * 1.03, toRadius: radius, hu: a.vesselHu });
    points.push({ at: node.at, radius, direction });
    if (withBronchus && radius > 0.95) drawBronchusAlong(canvas, parent.at, node.at, direction, radius);
  }
}

function drawBronchusAlong(canvas: Canvas, from: Vec3, to: Vec3, direction: Vec3, vesselRadius: number): void {
  const beside = unit([direction[1] - direction[2], direction[2] - direction[0], direction[0] - direction[1]]);
  const offset = vesselRadius * 1.9 + 0.5, radius = vesselRadius + 0.5;
  const lumen = Math.max(0.3, 1 - 0.9 / radius);
  drawCapsule(canvas, { from: plus(from, beside, offset), to: plus(to, beside, offset), fromRadius: radius, toRadius: radius, hu: -50, lumen });
}

function drawCentralAirways(canvas: Canvas, { trachea: { x, y, radius } }: Anatomy): void {
  drawCapsule(canvas, { from: [x, y, 0], to: [x, y, 200], fromRadius: radius + 1.5, toRadius: radius + 1.5, hu: 30, lumen: 0.84 });
  for (const side of [-1, 1]) {
    drawCapsule(canvas, { from: [x, y, 2], to: [side * 30, y, -25], fromRadius: radius * 0.85, toRadius: radius * 0.7, hu: 30, lumen: 0.8 });
  }
}
