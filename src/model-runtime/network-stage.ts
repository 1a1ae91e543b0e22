/** One network of a model, ready to run: weights in this process, or a server elsewhere. */
export interface NetworkStage {
  /** Runs the network on one input tensor of this shape; gives every output that was asked for when it was opened, by name. */
  run(input: Float32Array, shape: readonly number[]): Promise<ReadonlyMap<string, NetworkAnswer>>;
  release(): Promise<void>;
}

export interface NetworkAnswer {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}
