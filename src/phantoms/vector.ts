/** Vectors of three numbers, millimetres in the patient's system: x to the patient's left, y to the back, z to the head (PS3.3 §C.7.6.2.1.1). */
export type Vec3 = readonly [number, number, number];

/** a + factor · b */
export function plus(a: Vec3, b: Vec3, factor = 1): Vec3 {
  return [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]];
}

export function minus(a: Vec3, b: Vec3): Vec3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function scaled(a: Vec3, factor: number): Vec3 {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function length(a: Vec3): number {
  return Math.sqrt(dot(a, a));
}

export function distance(a: Vec3, b: Vec3): number {
  return length(minus(a, b));
}

/** The vector of length one with the same direction; the zero vector stays as it is. */
export function unit(a: Vec3): Vec3 {
  return scaled(a, 1 / (length(a) || 1));
}

export function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
