import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GatewayError } from '../foundation/errors.ts';
import type { NetworkStage } from './network-stage.ts';

export interface OnnxStageOptions {
  readonly file: string;
  readonly providers: readonly ('cpu' | 'cuda' | 'tensorrt')[];
  readonly threads: number;
  readonly inputTensor: string;
  readonly outputTensors: readonly string[];
}

/**
 * Loads weights with onnxruntime.
 *
 * Errors (GatewayError, permanent): MODEL_LOAD_FAILED when the runtime refuses the file or has not the provider; MODEL_TENSOR_MISMATCH when
 * the names differ from the manifest's.
 */
export async function loadOnnxStage(options: OnnxStageOptions): Promise<NetworkStage> {
  let session: InferenceSession;
  try {
    // The CPU arena would keep the largest window's memory for ever; volumes make that hundreds of MiB.
    session = await InferenceSession.create(options.file, {
      executionProviders: [...options.providers],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      enableCpuMemArena: false,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
    throw new GatewayError('MODEL_LOAD_FAILED', `the ONNX runtime does not load the weights with ${options.providers.join(', ')}: ${reason}`, { failure: 'permanent', cause });
  }
  requireTensor('input', session.inputNames, options.inputTensor);
  for (const name of options.outputTensors) requireTensor('output', session.outputNames, name);
  return {
    run: async (input, shape) => {
      const results = await session.run({ [options.inputTensor]: new Tensor('float32', input, shape) }, [...options.outputTensors]);
      return new Map(options.outputTensors.map((name) => [name, { values: asFloats(results[name]!.data, name), shape: results[name]!.dims }]));
    },
    release: () => session.release(),
  };
}

function asFloats(values: unknown, name: string): Float32Array {
  if (values instanceof Float32Array) return values;
  if (values instanceof BigInt64Array || values instanceof Int32Array || values instanceof Uint8Array || values instanceof Float64Array) return Float32Array.from(values as ArrayLike<number | bigint>, Number);
  throw new GatewayError('MODEL_TENSOR_MISMATCH', `the output ${name} is of a type that is not read; float32 is`, { failure: 'permanent' });
}

function requireTensor(what: string, names: readonly string[], wanted: string): void {
  if (names.includes(wanted)) return;
  throw new GatewayError('MODEL_TENSOR_MISMATCH', `the weights have the ${what}(s) ${names.join(', ')}; model.yaml names ${wanted}`, { failure: 'permanent' });
}
