import { availableParallelism } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../foundation/clock.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import { loadModelFolder, writeDigests } from '../../model-runtime/model-folder.ts';
import { runSelfTests } from '../../model-runtime/self-test.ts';
import { WarmModels } from '../../model-runtime/warm-models.ts';

export interface ModelCheckOptions {
  /** Put the digests of the weights into model.yaml first: for whoever makes the model, after training. */
  readonly writeDigests?: boolean;
}

/**
 * `isocenter model check DIR`: checks the manifest, the digests of its files, that the runtime loads the weights, and the self-tests;
 * names every fault in a sentence. Returns 0 when the model can be used, 1 when it cannot.
 */
export async function modelCheck(folder: string, options: ModelCheckOptions = {}): Promise<number> {
  const absolute = path.resolve(folder);
  if (options.writeDigests === true) for (const file of await writeDigests(absolute)) console.log(`digest    of ${file} written to model.yaml`);
  const loaded = await loadModelFolder(absolute);
  if (!loaded.ok) return faulty(loaded.fault);
  const { manifest, identity } = loaded.value;
  console.log(`manifest  ${identity.id} ${identity.version} "${identity.name}", digest ${identity.digest}`);
  console.log(`device    ${identity.deviceUid}`);

  const models = new WarmModels(availableParallelism());
  try {
    const began = systemClock.monotonic();
    const warm = await models.get(absolute, null);
    console.log(`weights   loaded in ${Math.round(systemClock.monotonic() - began)} ms with ${manifest.runtime.kind === 'onnx' ? manifest.runtime.executionProviders.join(', ') : manifest.runtime.url}`);
    const results = await runSelfTests(warm, systemClock);
    for (const { input, timing, values, faults } of results) {
      const seen = [...values].map(([key, value]) => `${key} ${value}`).join(', ');
      console.log(`self-test ${input}: ${faults.length === 0 ? 'passed' : 'FAILED'}; ${seen}`);
      console.log(`          read ${ms(timing.readMs)}, prepare ${ms(timing.prepareMs)}, network ${ms(timing.inferMs)} (${timing.windows} windows), measure ${ms(timing.measureMs)}, all ${ms(timing.totalMs)}; peak memory ${timing.peakMemoryMiB} MiB of ${manifest.resources.memoryMiB} MiB`);
    }
    if (results.length === 0) console.log('self-test none in the manifest');
    const faults = results.flatMap((result) => result.faults);
    return faults.length === 0 ? fine() : faulty(faults);
  } catch (thrown) {
    const error = asGatewayError(thrown);
    return faulty([`${error.code}: ${error.message}`]);
  } finally {
    await models.release();
  }
}

function fine(): number {
  console.log('the model can be used');
  return 0;
}

function faulty(faults: readonly string[]): number {
  for (const fault of faults) console.error(`fault     ${fault}`);
  console.error(`the model cannot be used: ${faults.length} fault${faults.length === 1 ? '' : 's'}`);
  return 1;
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
