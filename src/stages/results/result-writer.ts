import { takes } from '../../destinations/registry.ts';
import type { Analysis } from '../../domain/findings.ts';
import { chooseRendition, spareForms, type Form } from '../../domain/ladder.ts';
import { defaultFhirOptions } from '../../result-objects/fhir-request.ts';
import type { PredecessorReference, ResultContext } from '../../result-objects/result-context.ts';
import type { TransactionBundle } from '../../standards/fhir/resources.ts';
import type { Database } from '../../store/database.ts';
import { jobById, markAnalysed, type Job } from '../../store/inference-job.ts';
import { appendResult } from '../../store/result-index.ts';
import { resultBytes, resultOfRole } from '../../store/result-object.ts';
import { availableForms, buildResults } from './build-results.ts';
import { checkResults } from './check-results.ts';
import { destinationProfiles } from './destination-profiles.ts';
import { keyPictures } from './key-pictures.ts';
import type { ChosenRendition } from './queue-deliveries.ts';
import { recordResults } from './record-results.ts';
import type { ResultWriterDependencies } from './result-dependencies.ts';
import { sourceHeaders } from './source-headers.ts';

/**
 * Turns what a model says into SR, SEG and a FHIR transaction and ends the job: bytes durable first, then one transaction with
 * everything that makes them visible and sends them on. A finished job is a no-op; a repeat after a crash in between makes the same
 * objects under the same UIDs. A study that could not be analysed gets its report, too.
 *
 * @returns the function that writes; it resolves false when the lease was lost meanwhile and nothing was written
 */
export function createResultWriter(deps: ResultWriterDependencies): (job: Job, analysis: Analysis) => Promise<boolean> {
  return async (job, analysis) => {
    if ((await jobById(deps.database, job.id))?.state === 'done') return true;
    const analysedAt = await markAnalysed(deps.database, job, deps.worker, new Date(deps.clock.now()));
    if (analysedAt === undefined) return false;
    const context = await contextOf(deps, job, analysis, analysedAt);
    const hl7 = deps.destinations.some((destination) => job.deliver.includes(destination.name) && takes(destination.kind, 'application/hl7-v2'));
    const ladder = await climb(deps, job, analysis, context);
    const wantsPicture = (['sc', 'pdf'] as const).some((form) => ladder.forms.has(form) || ladder.spares.has(form));
    const pictured = wantsPicture && deps.typeface !== undefined ? { typeface: deps.typeface(), images: await keyPictures(deps.database, deps.segments, deps.log, analysis) } : null;
    const built = buildResults(analysis, context, { fhir: deps.fhir ?? defaultFhirOptions, hl7, forms: ladder.forms, spares: ladder.spares, pictured, previous: await previousBundle(deps.database, job) });
    const faults = checkResults(built, context);
    const durable = await Promise.all(
      built.dicom.filter(({ spare }) => !spare).map(({ bytes, transferSyntaxUid }) => appendResult(deps.writer, { dataSet: bytes, transferSyntaxUid, traceId: job.trace_id, at: analysedAt })),
    );
    const written = await recordResults(deps, { job, analysis, built, durable, faults, context, renditions: ladder.renditions });
    deps.log.info('results.written', { jobKey: job.job_key, studyInstanceUid: job.study_instance_uid, outcome: analysis.outcome, objects: built.dicom.length, faults: faults.length, written });
    return written;
  };
}

interface Ladder {
  readonly renditions: ReadonlyMap<string, ChosenRendition>;
  readonly forms: ReadonlySet<Form>;
  readonly spares: ReadonlySet<Form>;
}

/** Which forms the destinations of the job get, which they may get when those are refused, and why. */
async function climb(deps: ResultWriterDependencies, job: Job, analysis: Analysis, context: ResultContext): Promise<Ladder> {
  const wanted = deps.destinations.filter(({ name, kind }) => job.deliver.includes(name) && takes(kind, 'application/dicom'));
  const available = availableForms(analysis, context, deps.typeface !== undefined);
  const profiles = await destinationProfiles(deps, wanted);
  const renditions = [...profiles].map(([name, profile]): [string, ChosenRendition] => [name, { ...chooseRendition(profile, available), stepsDown: profile.source === 'auto' }]);
  return {
    renditions: new Map(renditions),
    forms: new Set(renditions.flatMap(([, { forms }]) => forms)),
    spares: new Set([...profiles.values()].flatMap((profile) => spareForms(profile, available))),
  };
}

async function contextOf(deps: ResultWriterDependencies, job: Job, analysis: Analysis, analysedAt: Date): Promise<ResultContext> {
  const headers = await sourceHeaders(deps.database, deps.segments, analysis.source.images.map((image) => image.sopInstanceUid));
  const startedAt = job.started_at ?? analysedAt;
  return {
    headers,
    gateway: deps.gateway,
    times: { startedAt, finishedAt: analysedAt, utcOffsetMinutes: deps.utcOffsetMinutes(startedAt) },
    revision: job.revision,
    predecessor: await predecessorOf(deps.database, job),
  };
}

async function predecessorOf(database: Database, job: Job): Promise<PredecessorReference | null> {
  if (job.predecessor_id === null) return null;
  const row = await resultOfRole(database, job.predecessor_id, 'structured-report');
  if (row?.sop_instance_uid == null || row.sop_class_uid === null || row.series_instance_uid === null) return null;
  return { sopClassUid: row.sop_class_uid, sopInstanceUid: row.sop_instance_uid, seriesInstanceUid: row.series_instance_uid };
}

async function previousBundle(database: Database, job: Job): Promise<TransactionBundle | null> {
  const bytes = job.predecessor_id === null ? undefined : await resultBytes(database, job.predecessor_id, 'fhir-bundle');
  return bytes === undefined ? null : (JSON.parse(bytes.toString('utf8')) as TransactionBundle);
}
