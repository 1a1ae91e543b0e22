/** Seeded random numbers for phantoms: the same seed and stream name give the same numbers on every machine. Not for secrets. */
import type { Vec3 } from './vector.ts';

export interface Random {
  /** In [0, 1). */
  next(): number;
  uniform(low: number, high: number): number;
  /** Whole number in [low, high], both ends included. */
  int(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
  /** Uniform on the unit sphere. */
  direction(): Vec3;
}

/**
 * One stream of random numbers (mulberry32). Each verb of a phantom draws from a stream of its own, so that a change in how
 * vessels are grown does not move the nodules of the same seed.
 *
 * @param seed    whole number, 0 to 2^53 − 1
 * @param stream  name of the verb, part of the seed
 */
export function randomOf(seed: number, stream: string): Random {
  let state = startingState(seed, stream);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const uniform = (low: number, high: number): number => low + (high - low) * next();
  const int = (low: number, high: number): number => Math.floor(uniform(low, high + 1));
  return {
    next,
    uniform,
    int,
    chance: (probability) => next() < probability,
    pick: (list) => list[int(0, list.length - 1)]!,
    direction: () => directionFrom(uniform),
  };
}

/** FNV-1a over seed and stream name, then the finaliser of MurmurHash3, so that neighbouring seeds have unrelated streams. */
function startingState(seed: number, stream: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed}/${stream}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function directionFrom(uniform: (low: number, high: number) => number): Vec3 {
  for (;;) {
    const x = uniform(-1, 1), y = uniform(-1, 1), z = uniform(-1, 1);
    const length = Math.sqrt(x * x + y * y + z * z);
    if (length > 0.1 && length < 1) return [x / length, y / length, z / length];
  }
}
