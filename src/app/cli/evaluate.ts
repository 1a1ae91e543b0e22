import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../foundation/clock.ts';
import { lungReport, scanOfSeed, type LungReport, type LungScan } from '../../model-runtime/evaluate-lung.ts';
import { WarmModels } from '../../model-runtime/warm-models.ts';
import { UsageError } from './command-config.ts';
import { seedRange } from './generate.ts';

export interface EvaluateOptions {
  /** `900-929` */
  readonly seeds: string;
  /** File to write the figures to. */
  readonly json?: string;
  /** Folder of model folders; the installation's unless told. */
  readonly modelsDir?: string;
}

const EVALUATED = ['ref-lung-nodule-ct'];

/**
 * `npm run evaluate -- <model> --seeds A-B --json FILE`: phantoms of these seeds through the model's real path, its figures printed and written.
 * Returns the exit code: 0 when the figures were made.
 */
export async function evaluate(modelId: string, options: EvaluateOptions): Promise<number> {
  if (!EVALUATED.includes(modelId)) throw new UsageError(`there is no evaluation of ${modelId}; there is one of ${EVALUATED.join(', ')}`);
  const seeds = seedRange(options.seeds);
  const models = new WarmModels(availableParallelism());
  const warm = await models.get(path.join(options.modelsDir ?? installedModels(), modelId), null);
  const scans: LungScan[] = [];
  for (const seed of seeds) {
    const scan = await scanOfSeed(warm, seed, systemClock);
    scans.push(scan);
    console.log(lineOf(scan));
  }
  await models.release();
  const report = lungReport(warm.model, scans);
  printReport(report);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ ...report, perScan: scans }, null, 2)}\n`);
  return 0;
}

/** The installation's `models/`, beside `src/` or `dist/`. */
export function installedModels(): string {
  return fileURLToPath(new URL('../../../models', import.meta.url));
}

function lineOf(scan: LungScan): string {
  const nodules = scan.nodules.map((nodule) => `${nodule.diameterMm.toFixed(1)}mm ${nodule.kind} ${nodule.score < 0 ? 'unseen' : nodule.score.toFixed(2)}`).join(', ');
  const false05 = scan.falsePositives.filter((score) => score > 0.5).length;
  return `seed ${scan.seed}: ${scan.outcome}, ${(scan.timing.totalMs / 1000).toFixed(1)} s, false > 0.5: ${false05}, nodules: ${nodules || 'none'}`;
}

function printReport(report: LungReport): void {
  const interval = ([low, high]: readonly [number, number]) => `(95 % interval ${low.toFixed(3)}–${high.toFixed(3)})`;
  console.log(`\n${report.model.id} ${report.model.version}, digest ${report.model.digest.slice(0, 16)}…; phantoms of seeds ${report.seeds.first}–${report.seeds.last}: ${report.scans} scans, ${report.nodules} nodules`);
  console.log('Phantoms only: these figures say nothing about patients.\n');
  for (const point of report.froc) console.log(`  ${String(point.rate).padStart(5)} false positives a scan: sensitivity ${point.sensitivity.toFixed(3)}, threshold ${point.threshold.toFixed(3)}`);
  console.log(`\n  sensitivityAt1Fp ${report.sensitivityAt1Fp.toFixed(3)} ${interval(report.intervals.sensitivityAt1Fp)}`);
  console.log(`  sensitivityAt2Fp ${report.sensitivityAt2Fp.toFixed(3)} ${interval(report.intervals.sensitivityAt2Fp)}`);
  console.log(`  cpm              ${report.cpm.toFixed(3)} ${interval(report.intervals.cpm)}`);
  console.log(`  at the operating point: sensitivity ${report.atOperatingPoint.sensitivity.toFixed(3)}, ${report.atOperatingPoint.falsePositivesPerScan.toFixed(2)} false positives a scan\n`);
  for (const row of report.groups) console.log(`  ${row.group.padEnd(26)} n ${String(row.n).padStart(4)}  sensitivity at 2 a scan ${row.sensitivityAt2Fp.toFixed(2)}`);
  const { measurement, timingMs } = report;
  console.log(`\n  diameter error of ${measurement.n} found: mean ${measurement.meanDiameterErrorMm.toFixed(2)} mm, mean absolute ${measurement.meanAbsoluteDiameterErrorMm.toFixed(2)} mm; volume error ${(100 * measurement.meanAbsoluteVolumeErrorShare).toFixed(0)} %; density named right ${(100 * measurement.textureAccuracy).toFixed(0)} %`);
  console.log(`  malignancy hint AUC ${report.malignancyHintAuc === null ? 'not measurable' : report.malignancyHintAuc.toFixed(2)}`);
  console.log(`  time a scan: mean ${(timingMs.meanTotal / 1000).toFixed(1)} s (network ${(timingMs.meanInfer / 1000).toFixed(1)} s, all else ${(timingMs.meanOther / 1000).toFixed(1)} s), longest ${(timingMs.maxTotal / 1000).toFixed(1)} s; peak memory ${report.peakMemoryMiB} MiB`);
}
