import type { Triple } from '../model-steps/volume.ts';

/** One network of a model, ready to run: weights in this process, or a server elsewhere. */
export interface NetworkStage {
  /** Runs the network on a single-channel volume of shape [1, 1, z, y, x]; gives the values of the output and its shape. */
  run(input: Float32Array, size: Triple): Promise<NetworkAnswer>;
  release(): Promise<void>;
}

export interface NetworkAnswer {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}
