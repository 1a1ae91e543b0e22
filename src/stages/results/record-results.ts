import type { Analysis } from '../../domain/findings.ts';
import { derivedUuid } from '../../foundation/uid.ts';
import type { ResultContext } from '../../result-objects/result-context.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { raiseAlert } from '../../store/alert.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Tx } from '../../store/database.ts';
import { recordHop } from '../../store/hop.ts';
import { finishJob, type Job } from '../../store/inference-job.ts';
import { notify } from '../../store/notify.ts';
import { indexResults, type DurableResult } from '../../store/result-index.ts';
import { insertResultObject } from '../../store/result-object.ts';
import { moveWorkitem } from '../../store/workitem.ts';
import type { BuiltResults } from './build-results.ts';
import type { ResultFault } from './check-results.ts';
import { publishResources } from './publish-resources.ts';
import { queueDeliveries, type ChosenRendition, type QueuedObject } from './queue-deliveries.ts';
import type { ResultWriterDependencies } from './result-dependencies.ts';
import { performedAttributes } from './workitem-output.ts';

export interface FinishedRun {
  readonly job: Job;
  readonly analysis: Analysis;
  readonly built: BuiltResults;
  /** In the order of `built.dicom`, without its spares. */
  readonly durable: readonly DurableResult[];
  readonly faults: readonly ResultFault[];
  readonly renditions: ReadonlyMap<string, ChosenRendition>;
  readonly context: ResultContext;
}

/** Everything that makes the results visible and sends them on, in one transaction. False: the lease was lost, nothing is written. */
export async function recordResults(deps: ResultWriterDependencies, run: FinishedRun): Promise<boolean> {
  const { job, analysis, context } = run;
  return deps.database.transaction(async (tx) => {
    const at = new Date(deps.clock.now());
    const outcome = { outcome: analysis.outcome, summary: analysis.summary, findings: analysis.findings.length, urgency: analysis.urgency };
    if (!(await finishJob(tx, job, deps.worker, at, outcome))) return false;
    const objects = [...(await insertDicom(tx, run, at)), ...(await insertDocuments(tx, run, at))];
    await publishResources(tx, run.built.resources, { jobId: job.id, studyInstanceUid: job.study_instance_uid, at });
    await queueDeliveries(tx, { job, objects, orderingKey: orderingKey(run), destinations: deps.destinations, renditions: run.renditions, at });
    const { startedAt, finishedAt } = context.times;
    await moveWorkitem(tx, job.id, 'COMPLETED', null, performedAttributes({ studyInstanceUid: job.study_instance_uid, stationName: deps.gateway.stationName, startedAt, finishedAt, outputs: run.built.dicom.filter(({ spare }) => !spare) }), at);
    await leaveTraces(tx, deps.worker, run, at);
    return true;
  });
}

async function insertDicom(tx: Tx, { job, built, durable, faults }: FinishedRun, at: Date): Promise<QueuedObject[]> {
  const instanceIds = await indexResults(tx, durable, at);
  const objects: QueuedObject[] = [];
  for (const object of built.dicom) {
    const { sopInstanceUid, sopClassUid, seriesInstanceUid, role, sha256, bytes, spare } = object;
    const refusal = refusalOf(faults, role) ?? (role === 'segmentation' ? null : refusalOf(faults, 'structured-report'));
    if (spare && refusal !== null) continue;
    const instanceId = spare ? null : instanceIds.shift()!;
    const resultObjectId = await insertResultObject(tx, {
      jobId: job.id, studyInstanceUid: job.study_instance_uid, role, ordinal: 0, mediaType: 'application/dicom',
      dicom: { sopInstanceUid, sopClassUid, seriesInstanceUid, instanceId }, bytes: spare ? bytes : null, sha256, length: bytes.length, at,
    });
    // A rendition states what the SR states: if that is wrong, this is.
    if (!spare) objects.push({ resultObjectId, role, mediaType: 'application/dicom', refusal });
  }
  return objects;
}

async function insertDocuments(tx: Tx, { job, built, faults }: FinishedRun, at: Date): Promise<QueuedObject[]> {
  const objects: QueuedObject[] = [];
  for (const { role, mediaType, bytes, sha256 } of built.documents) {
    const resultObjectId = await insertResultObject(tx, { jobId: job.id, studyInstanceUid: job.study_instance_uid, role, ordinal: 0, mediaType, dicom: null, bytes, sha256, length: bytes.length, at });
    // A document states what the SR states: if that is wrong, this is.
    objects.push({ resultObjectId, role, mediaType, refusal: refusalOf(faults, 'structured-report') });
  }
  return objects;
}

/** Reports on one patient leave in order. A digest, so that no patient's number stands in the outbox. */
function orderingKey({ job, context }: FinishedRun): string {
  const [header] = context.headers.values();
  const id = header?.string(tags.PatientID);
  return id === undefined ? job.study_instance_uid : derivedUuid('patient', header?.string(tags.IssuerOfPatientID) ?? '', id);
}

function refusalOf(faults: readonly ResultFault[], role: string): string | null {
  const found = faults.filter((fault) => fault.role === role);
  return found.length === 0 ? null : `the object did not pass its check (${found[0]!.message}${found.length > 1 ? ` and ${found.length - 1} more` : ''})`;
}

async function leaveTraces(tx: Tx, worker: string, run: FinishedRun, at: Date): Promise<void> {
  const { job, analysis, built, faults } = run;
  const made = built.dicom.filter(({ spare }) => !spare);
  const uids = made.map((object) => object.sopInstanceUid);
  const detail = { outcome: analysis.outcome, findings: analysis.findings.length, objects: [...made, ...built.documents].map((object) => object.role), sopInstanceUids: uids, deliver: job.deliver };
  await recordHop(tx, { traceId: job.trace_id, studyInstanceUid: job.study_instance_uid, hop: 11, event: 'result-writer.written', at, subject: job.job_key, detail });
  await recordAudit(tx, { at, actor: worker, action: 'job.done', outcome: 0, objectType: 'job', objectId: job.job_key, studyInstanceUid: job.study_instance_uid, detail });
  if (faults.length > 0) {
    await raiseAlert(tx, {
      kind: 'RESULT_INVALID',
      severity: 'critical',
      dedupeKey: `result-invalid:${job.job_key}`,
      studyInstanceUid: job.study_instance_uid,
      message: `a result of ${job.model_id} did not pass its check and was not sent`,
      advice: 'The objects are stored and held. Look at the faults; mend the model or the builder and re-run, or let them go by hand.',
      detail: { faults: faults.slice(0, 20) },
      at,
    });
  }
  if (analysis.urgency.level === 'urgent') {
    await raiseAlert(tx, {
      kind: 'URGENT_FINDING',
      severity: 'critical',
      dedupeKey: `urgent:${job.job_key}`,
      studyInstanceUid: job.study_instance_uid,
      message: `${analysis.model.name} calls this study urgent`,
      advice: 'Have a radiologist look at the study now; the finding is AI-generated and nobody has reviewed it.',
      detail: { reason: analysis.urgency.reason },
      at,
    });
  }
  await notify(tx, 'isocenter_study', job.study_instance_uid);
  await notify(tx, 'isocenter_page', job.study_instance_uid);
}
