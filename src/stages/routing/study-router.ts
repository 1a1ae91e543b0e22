import { createHash } from 'node:crypto';
import { planRouting, type PlannedRun, type RoutingPlan, type SeriesChoice } from '../../domain/routing-plan.ts';
import type { Rule } from '../../domain/rule.ts';
import type { Clock } from '../../foundation/clock.ts';
import type { Log } from '../../foundation/log.ts';
import { derivedUid } from '../../foundation/uid.ts';
import { toDicomJson } from '../../standards/dicom/json-model.ts';
import { raiseAlert } from '../../store/alert.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Database, Tx } from '../../store/database.ts';
import { recordHop } from '../../store/hop.ts';
import { insertJob, supersedeActiveJobs, type Job } from '../../store/inference-job.ts';
import { notify } from '../../store/notify.ts';
import { recordRuleDecision } from '../../store/rule-decision.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { completeStudy, traceOfStudy, type ArrivingStudy, type StoredImage } from '../../store/study.ts';
import { insertWorkitem, moveWorkitem } from '../../store/workitem.ts';
import { loadStudyImages, type SeriesImages } from './study-images.ts';
import { workitemOf } from './ups-workitem.ts';

/** A model as routing sees it. */
export interface RoutableModel {
  readonly id: string;
  readonly version: string;
  readonly digest: string;
  readonly name: string;
  /** Which of the study's series it takes. Pure. */
  choose(series: readonly SeriesImages[]): SeriesChoice;
}

export interface ForwardedImages {
  readonly destination: string;
  readonly studyInstanceUid: string;
  readonly traceId: string;
  readonly images: readonly StoredImage[];
  readonly at: Date;
}

export interface RoutingDependencies {
  readonly database: Database;
  readonly segments: SegmentReader;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules: readonly Rule[];
  /** AE title in the workitems' retrieval instructions. */
  readonly retrieveAe: string;
  /** The version of a model that sees this study. */
  model(modelId: string, studyInstanceUid: string): RoutableModel | undefined;
  /** Puts originals into the outbox, in the routing transaction. Idempotent per object and destination. */
  enqueueForward(tx: Tx, forwarded: ForwardedImages): Promise<void>;
}

export interface CompletenessEvidence {
  readonly partial: boolean;
  readonly evidence: readonly string[];
}

/**
 * Takes a study that was found complete through the rules, in one transaction: study row, rule decisions, jobs with their workitems,
 * forwarded originals, hop 8 and audit. A repeat makes the same job keys and adds nothing.
 *
 * @returns false when an image arrived in the meantime: the study waits again
 */
export async function routeStudy(deps: RoutingDependencies, study: ArrivingStudy, completeness: CompletenessEvidence): Promise<boolean> {
  const series = await loadStudyImages(deps.database, deps.segments, study);
  const models = new Map<string, RoutableModel | undefined>();
  // Asked once: the registry may change between the plan and its jobs.
  const modelOf = (modelId: string) => (models.has(modelId) ? models : models.set(modelId, deps.model(modelId, study.study_instance_uid))).get(modelId);
  const plan = planRouting(deps.rules, series.map((one) => one.facts), (modelId) => modelOf(modelId)?.choose(series));
  const traceId = (await traceOfStudy(deps.database, study.study_instance_uid)) ?? study.study_instance_uid;
  const at = new Date(deps.clock.now());

  const routed = await deps.database.transaction(async (tx) => {
    const revision = await completeStudy(tx, study.id, study.last_received_at, at, { ...completeness, decidedAt: at });
    if (revision === undefined) return undefined;
    for (const outcome of plan.rules) {
      await recordRuleDecision(tx, study.study_instance_uid, revision, { rule: outcome.rule, matched: outcome.matched, decision: { series: outcome.series, models: outcome.models } }, at);
    }
    const jobs: Job[] = [];
    for (const run of plan.runs) {
      const job = await addJob(deps, tx, { study, run, model: modelOf(run.modelId)!, series, traceId, at, revision, partial: completeness.partial });
      if (job !== undefined) jobs.push(job);
    }
    const images = series.flatMap((one) => one.images);
    for (const destination of plan.forward) await deps.enqueueForward(tx, { destination, studyInstanceUid: study.study_instance_uid, traceId, images, at });
    await leaveTraces(tx, study, plan, jobs, completeness, traceId, at);
    return jobs;
  });
  if (routed === undefined) return false;
  deps.log.info('routing.routed', { studyInstanceUid: study.study_instance_uid, traceId, jobs: routed.length, forward: plan.forward.length, partial: completeness.partial });
  return true;
}

interface JobRequest {
  readonly study: ArrivingStudy;
  readonly run: PlannedRun;
  readonly model: RoutableModel;
  readonly series: readonly SeriesImages[];
  readonly traceId: string;
  readonly at: Date;
  readonly revision: number;
  readonly partial: boolean;
}

async function addJob(deps: RoutingDependencies, tx: Tx, request: JobRequest): Promise<Job | undefined> {
  const { study, run, model, at } = request;
  const chosen = request.series.find((one) => one.facts.seriesInstanceUid === run.seriesInstanceUid)!;
  const late = request.revision > 1;
  if (late && run.late === 'ignore') return undefined;
  if (late) await cancelActive(tx, study, run.modelId, at);
  const inputDigest = digestOf(chosen.images);
  const job = await insertJob(tx, {
    jobKey: derivedUid('inference-job', study.study_instance_uid, model.digest, inputDigest),
    traceId: request.traceId,
    studyId: study.id,
    studyInstanceUid: study.study_instance_uid,
    seriesInstanceUid: run.seriesInstanceUid,
    rule: run.rule,
    modelId: model.id,
    modelVersion: model.version,
    modelDigest: model.digest,
    priority: run.priority,
    input: { instances: chosen.images.map((image) => image.sop_instance_uid), partial: request.partial },
    inputDigest,
    eligibility: { reasons: [], warnings: run.warnings },
    deliver: run.deliver,
    state: late && run.late === 'ask' ? 'held' : 'queued',
    at,
  });
  if (job === undefined) return undefined;
  if (job.state === 'held') await raiseHeldAlert(tx, job, at);
  const sopClasses = new Map(chosen.images.map((image) => [image.sop_instance_uid, image.sop_class_uid]));
  const workitem = workitemOf(job, { modelName: model.name, header: chosen.headers[0]!, sopClassOf: (uid) => sopClasses.get(uid) ?? '', retrieveAe: deps.retrieveAe, at });
  await insertWorkitem(tx, derivedUid('ups-workitem', job.job_key), job.id, toDicomJson(workitem), at);
  return job;
}

async function cancelActive(tx: Tx, study: ArrivingStudy, modelId: string, at: Date): Promise<void> {
  for (const id of await supersedeActiveJobs(tx, study.id, modelId, at)) await moveWorkitem(tx, id, 'CANCELED', null, {}, at);
}

async function raiseHeldAlert(tx: Tx, job: Job, at: Date): Promise<void> {
  await raiseAlert(tx, {
    kind: 'LATE_IMAGES_ASK',
    severity: 'warning',
    dedupeKey: `late-images:${job.job_key}`,
    studyInstanceUid: job.study_instance_uid,
    message: `images arrived after ${job.model_id} had analysed the study; the rule ${job.rule} asks a person`,
    advice: 'Release or cancel the held job on the page.',
    at,
  });
}

async function leaveTraces(tx: Tx, study: ArrivingStudy, plan: RoutingPlan, jobs: readonly Job[], completeness: CompletenessEvidence, traceId: string, at: Date): Promise<void> {
  const detail = { partial: completeness.partial, evidence: completeness.evidence, jobs: jobs.map((job) => job.job_key), forward: plan.forward };
  await recordHop(tx, { traceId, studyInstanceUid: study.study_instance_uid, hop: 8, event: 'study-router.routed', at, detail });
  await recordAudit(tx, { at, actor: 'routing', action: 'study.routed', outcome: 0, objectType: 'study', objectId: study.study_instance_uid, studyInstanceUid: study.study_instance_uid, detail });
  if (jobs.length > 0) await notify(tx, 'isocenter_job', study.study_instance_uid);
  if (plan.forward.length > 0) await notify(tx, 'isocenter_outbox', study.study_instance_uid);
  await notify(tx, 'isocenter_page', study.study_instance_uid);
}

/** SHA-256 over the sorted images and their content: the identity of an input set. */
function digestOf(images: readonly StoredImage[]): string {
  const lines = images.map((image) => `${image.sop_instance_uid} ${image.crc32} ${image.data_length}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
