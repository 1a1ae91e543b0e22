import { holds, parseExpression } from '../domain/expression.ts';
import type { Clock } from '../foundation/clock.ts';
import { isPhantomName, type PhantomOptions } from '../phantoms/catalogue.ts';
import { analyseSeries } from './analyse-series.ts';
import { phantomSeries } from './phantom-series.ts';
import type { RunProgress, RunTiming } from './series-input.ts';
import type { WarmModel } from './warm-models.ts';

export interface SelfTestResult {
  readonly input: string;
  /** A sentence for each expectation that did not come true. */
  readonly faults: readonly string[];
  readonly timing: RunTiming;
  readonly values: ReadonlyMap<string, number>;
}

/** Runs the manifest's self-tests through the same path as a job. */
export async function runSelfTests({ model, network }: WarmModel, clock: Clock, progress: (progress: RunProgress) => void = () => {}): Promise<SelfTestResult[]> {
  const results: SelfTestResult[] = [];
  for (const test of model.manifest.selfTest) {
    const [, name = '', seed = '', ...wishes] = test.input.split(':');
    if (!isPhantomName(name)) throw new RangeError(`no phantom ${name}`); // the manifest's schema lets no other through
    const { analysis, timing, scores: values } = await analyseSeries(model, network, phantomSeries(name, Number(seed), optionsOf(wishes)).series, { clock, progress });
    const faults = test.expect.filter((text) => !isTrue(text, values)).map((text) => `${test.input}: expected ${text}, but ${told(text, values)}`);
    if (analysis.outcome === 'not-analysable') faults.unshift(`${test.input}: ${analysis.summary}`);
    results.push({ input: test.input, faults, timing, values });
  }
  return results;
}

/** `slices=64` and `matrix=256` as options of the phantom. */
function optionsOf(wishes: readonly string[]): PhantomOptions {
  return Object.fromEntries(wishes.map((wish) => wish.split('=')).map(([key, value]) => [key, Number(value)]));
}

function isTrue(text: string, values: ReadonlyMap<string, number>): boolean {
  const expression = parseExpression(text);
  return expression.ok && holds(expression.value, values);
}

function told(text: string, values: ReadonlyMap<string, number>): string {
  const expression = parseExpression(text);
  const paths = expression.ok ? [...new Set(expression.value.anyOf.flat().map((comparison) => comparison.path))] : [];
  return paths.map((path) => (values.has(path) ? `${path} is ${values.get(path)}` : `there is no ${path}`)).join(', ');
}
