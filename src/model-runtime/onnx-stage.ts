import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GatewayError } from '../foundation/errors.ts';
import type { NetworkStage } from './network-stage.ts';

export interface OnnxStageOptions {
  readonly file: string;
  readonly providers: readonly ('cpu' | 'cuda' | 'tensorrt')[];
  readonly threads: number;
  readonly inputTensor: string;
  readonly outputTensor: string;
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
  requireTensor('output', session.outputNames, options.outputTensor);
  return {
    run: async (input, size) => {
      const results = await session.run({ [options.inputTensor]: new Tensor('float32', input, [1, 1, ...size]) }, [options.outputTensor]);
      const output = results[options.outputTensor]!;
      return { values: output.data as Float32Array, shape: output.dims };
    },
    release: () => session.release(),
  };
}

function requireTensor(what: string, names: readonly string[], wanted: string): void {
  if (names.includes(wanted)) return;
  throw new GatewayError('MODEL_TENSOR_MISMATCH', `the weights have the ${what}(s) ${names.join(', ')}; model.yaml names ${wanted}`, { failure: 'permanent' });
}
