// From findings to bytes: SEG, SR and FHIR of one run on 300 × 512 × 512 with three segments, then read back and checked as before delivery.
import { positiveAnalysis } from './results-analysis.mjs';
import { median } from './process-cost.mjs';

export const title = 'results: findings → SEG, SR, FHIR → checked bytes (300 × 512 × 512, three segments in every slice)';

export async function run({ pairs = 7 }) {
  const from = (file) => import(new URL(`../../dist/${file}`, import.meta.url).href);
  const { buildSegmentation } = await from('result-objects/segmentation.js');
  const { buildStructuredReport } = await from('result-objects/structured-report.js');
  const { buildFhirBundle } = await from('result-objects/fhir-bundle.js');
  const { defaultFhirOptions } = await from('result-objects/fhir-request.js');
  const { checkResultObjects } = await from('result-objects/checker/check-result-objects.js');
  const { resultIdentity } = await from('result-objects/result-uids.js');
  const { writeDataSet } = await from('standards/dicom/data-set-writer.js');
  const { readDataSet } = await from('standards/dicom/data-set-reader.js');
  const { analysis, context } = await positiveAnalysis(from);

  const syntax = '1.2.840.10008.1.2.1';
  const segmentation = resultIdentity(analysis, 'segmentation', 1);
  const report = resultIdentity(analysis, 'structured-report', 1);
  const times = { seg: [], 'seg write': [], 'sr + write': [], fhir: [], 'read + check': [], 'cpu of seg + write': [], 'cpu of all': [] };
  let faults = 0;
  let bytes = 0;
  for (let round = 0; round < pairs + 2; round++) {
    const cpu = process.cpuUsage();
    const marks = [performance.now()];
    const mark = () => marks.push(performance.now());
    const seg = buildSegmentation({ analysis, context, identity: segmentation });
    mark();
    const segBytes = writeDataSet(seg, syntax);
    mark();
    const segCpu = process.cpuUsage(cpu);
    const srBytes = writeDataSet(buildStructuredReport({ analysis, context, identity: report, segmentation, profile: 'air34' }), syntax);
    mark();
    buildFhirBundle({ analysis, context, report, segmentation, options: defaultFhirOptions });
    mark();
    const again = [segBytes, srBytes].map((content, index) => ({ name: String(index), dataSet: readDataSet(content, syntax).value }));
    faults = checkResultObjects([...again, ...[...context.headers].map(([name, dataSet]) => ({ name, dataSet }))]).length;
    mark();
    const used = process.cpuUsage(cpu);
    bytes = segBytes.length;
    // Two rounds warm the compiler.
    if (round < 2) continue;
    Object.values(times).slice(0, 5).forEach((list, index) => list.push(marks[index + 1] - marks[index]));
    times['cpu of seg + write'].push((segCpu.user + segCpu.system) / 1000);
    times['cpu of all'].push((used.user + used.system) / 1000);
  }
  const figures = Object.fromEntries(Object.entries(times).map(([name, list]) => [`${name} ms`, Math.round(median(list))]));
  figures['seg total ms'] = Math.round(median(times.seg.map((value, index) => value + times['seg write'][index])));
  const rows = Object.entries(figures).map(([name, value]) => [name, value]);
  const notes = [`goal: seg total ≤ 200 ms; ${faults} faults; SEG of ${(bytes / 2 ** 20).toFixed(1)} MiB, 900 frames; median of ${pairs}; on a busy machine look at the CPU figures`];
  return { tables: [{ title: 'one run, ms', columns: ['step', 'ms'], rows, notes }], figures: { ...figures, faults } };
}
