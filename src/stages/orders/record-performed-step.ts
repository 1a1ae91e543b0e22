import { randomUid } from '../../foundation/uid.ts';
import type { DataSet } from '../../standards/dicom/data-set.ts';
import { toDicomJson } from '../../standards/dicom/json-model.ts';
import { fromDicomJson } from '../../standards/dicom/json-reader.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { checkStepChange, checkStepCreation, isWrongWorklistEntry, type StepReferences, stepReferences, type StepRefusal } from '../../standards/dimse/performed-step.ts';
import { statuses } from '../../standards/dimse/statuses.ts';
import { raiseAlert } from '../../store/alert.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Database, Tx } from '../../store/database.ts';
import { moveOrders } from '../../store/order.ts';
import { insertPerformedStep, lockPerformedStep, type PerformedStepState, setPerformedStep } from '../../store/performed-step.ts';
import { announceStudies, holdStudies } from '../../store/study-index.ts';
import { putManifest } from '../../store/study-manifest.ts';

export interface StepMessage {
  /** The SCU may leave it to us at creation. */
  readonly sopInstanceUid: string | undefined;
  readonly attributes: DataSet;
  readonly callingAe: string;
  readonly at: Date;
}

export type StepOutcome = { readonly kind: 'done'; readonly sopInstanceUid: string } | ({ readonly kind: 'refused' } & StepRefusal);

/** MPPS N-CREATE: the step is there and its orders are being worked on. Errors: the database is away. */
export async function createPerformedStep(database: Database, { sopInstanceUid, attributes, callingAe, at }: StepMessage): Promise<StepOutcome> {
  const refusal = checkStepCreation(attributes);
  if (refusal !== undefined) return { kind: 'refused', ...refusal };
  const uid = sopInstanceUid ?? randomUid();
  return database.transaction(async (tx) => {
    if (!(await insertPerformedStep(tx, { sopInstanceUid: uid, callingAe, attributes: toDicomJson(attributes), at }))) {
      return { kind: 'refused', status: statuses.duplicateSopInstance, errorComment: 'there is a step with this UID' };
    }
    const references = stepReferences(attributes);
    await tell(tx, uid, 'IN PROGRESS', references, at);
    await moveOrders(tx, references.stepIds, references.studyInstanceUids, 'in-progress', at);
    await audit(tx, callingAe, uid, 'IN PROGRESS', references, at);
    return { kind: 'done', sopInstanceUid: uid };
  });
}

/** MPPS N-SET: the attributes are merged; a final state closes the step, its orders, and says what the study consists of. */
export async function changePerformedStep(database: Database, { sopInstanceUid, attributes, callingAe, at }: StepMessage): Promise<StepOutcome> {
  return database.transaction(async (tx) => {
    const known = sopInstanceUid === undefined ? undefined : await lockPerformedStep(tx, sopInstanceUid);
    const before = known === undefined ? undefined : fromDicomJson(known.attributes);
    if (known === undefined || before?.ok !== true) return { kind: 'refused', status: statuses.noSuchSopInstance, errorComment: 'no such performed procedure step' };
    const refusal = checkStepChange(known.state, before.value, attributes);
    if (refusal !== undefined) return { kind: 'refused', ...refusal };
    const after = before.value.with(...attributes);
    const state = (attributes.string(tags.PerformedProcedureStepStatus) ?? known.state) as PerformedStepState;
    await setPerformedStep(tx, known.sop_instance_uid, state, toDicomJson(after), at);
    const references = stepReferences(after);
    await tell(tx, known.sop_instance_uid, state, references, at);
    if (state !== 'IN PROGRESS') await moveOrders(tx, references.stepIds, references.studyInstanceUids, state === 'COMPLETED' ? 'completed' : 'discontinued', at);
    if (state === 'DISCONTINUED' && isWrongWorklistEntry(after)) await holdWrongEntry(tx, references, at);
    await audit(tx, callingAe, known.sop_instance_uid, state, references, at);
    return { kind: 'done', sopInstanceUid: known.sop_instance_uid };
  });
}

/** What the step says about its studies, and a hint to whoever watches them. */
async function tell(tx: Tx, sourceUid: string, state: PerformedStepState, { studyInstanceUids, instances }: StepReferences, at: Date): Promise<void> {
  const manifestState = state === 'IN PROGRESS' ? 'open' : state === 'COMPLETED' ? 'final' : 'discontinued';
  // A step that serves several studies does not say which image lies in which; only with one study its list is that study's.
  const listed = studyInstanceUids.length === 1 ? instances : [];
  for (const studyInstanceUid of studyInstanceUids) await putManifest(tx, { source: 'mpps', sourceUid, studyInstanceUid, state: manifestState, instances: listed }, at);
  await announceStudies(tx, studyInstanceUids);
}

/** The technologist took the wrong entry: these images carry another patient's identity. No model may see them until a person decides. */
async function holdWrongEntry(tx: Tx, { studyInstanceUids }: StepReferences, at: Date): Promise<void> {
  await holdStudies(tx, studyInstanceUids, 'wrong-worklist-entry', at);
  for (const studyInstanceUid of studyInstanceUids) {
    await raiseAlert(tx, {
      kind: 'WRONG_WORKLIST_ENTRY', severity: 'critical', dedupeKey: `wrong-worklist-entry:${studyInstanceUid}`, studyInstanceUid,
      message: 'a modality discontinued a step because the wrong worklist entry had been selected; the study is held',
      advice: 'The images carry the identity of another patient. Reject the study, or release it once the modality has sent it again correctly.', at,
    });
  }
}

async function audit(tx: Tx, actor: string, objectId: string, state: PerformedStepState, references: StepReferences, at: Date): Promise<void> {
  const detail = { state, studies: references.studyInstanceUids.length, instances: references.instances.length };
  await recordAudit(tx, { at, actor, action: 'performed-step.told', outcome: 0, objectType: 'performed-step', objectId, studyInstanceUid: references.studyInstanceUids[0] ?? null, detail });
}
