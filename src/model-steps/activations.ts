/** What a network's raw outputs mean, on flat arrays of labels × places (places = 1 for a vector): index = label · places + place. */

export interface Calibration {
  /** The logit is divided by it. */
  readonly temperature: number;
  /** Added to the logit after that. */
  readonly bias: number;
}

/** 1 / (1 + e^−x) of the calibrated logit. */
export function sigmoid(logits: Float32Array, { temperature, bias }: Calibration = { temperature: 1, bias: 0 }): Float32Array {
  return logits.map((x) => 1 / (1 + Math.exp(-(x / temperature + bias))));
}

/** Softmax over the labels of each place. */
export function softmax(logits: Float32Array, labels: number, temperature = 1): Float32Array {
  const places = logits.length / labels;
  const out = new Float32Array(logits.length);
  for (let p = 0; p < places; p++) {
    let highest = -Infinity;
    for (let k = 0; k < labels; k++) highest = Math.max(highest, logits[k * places + p]!);
    let sum = 0;
    for (let k = 0; k < labels; k++) sum += out[k * places + p] = Math.exp((logits[k * places + p]! - highest) / temperature);
    for (let k = 0; k < labels; k++) out[k * places + p]! /= sum;
  }
  return out;
}

/** Index of the highest label of each place; the lower index wins a tie. */
export function argmax(values: Float32Array, labels: number): Uint8Array {
  const places = values.length / labels;
  const out = new Uint8Array(places);
  for (let p = 0; p < places; p++) {
    let best = 0;
    for (let k = 1; k < labels; k++) if (values[k * places + p]! > values[best * places + p]!) best = k;
    out[p] = best;
  }
  return out;
}

/** Expected grade Σ k · p_k of ordered labels. */
export function expectedGrade(probabilities: Float32Array): number {
  return probabilities.reduce((sum, p, k) => sum + k * p, 0);
}

/** −Σ p ln p, natural units: 0 = certain, ln(n) = knows nothing. */
export function entropy(probabilities: Float32Array): number {
  return -probabilities.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0);
}

/** Highest minus second highest probability. */
export function margin(probabilities: Float32Array): number {
  const sorted = [...probabilities].sort((a, b) => b - a);
  return (sorted[0] ?? 0) - (sorted[1] ?? 0);
}

/** Turns [n, y, x, c] (or any layout with the channel last) of one item into [c, y, x]. */
export function channelsFirst(values: Float32Array, channels: number): Float32Array {
  const places = values.length / channels;
  const out = new Float32Array(values.length);
  for (let p = 0; p < places; p++) for (let c = 0; c < channels; c++) out[c * places + p] = values[p * channels + c]!;
  return out;
}
