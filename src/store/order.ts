import type { Tx } from './database.ts';

export type OrderState = 'scheduled' | 'in-progress' | 'completed' | 'discontinued' | 'cancelled';

/** One scheduled procedure step, as an order system says it. Dates and times as DICOM writes them, names with groups joined by `=`. */
export interface NewOrder {
  /** Scheduled Procedure Step ID; the same step again changes it. */
  readonly stepId: string;
  /** For a new step; a known one keeps its own. */
  readonly studyInstanceUid: string;
  readonly patientId: string;
  readonly issuerOfPatientId?: string | null;
  readonly patientName?: string | null;
  /** Folded by foldName. */
  readonly patientNameKey?: string | null;
  readonly patientBirthDate?: string | null;
  readonly patientSex?: string | null;
  readonly accessionNumber?: string | null;
  readonly requestedProcedureId?: string | null;
  readonly requestedProcedureDescription?: string | null;
  readonly placerOrderNumber?: string | null;
  readonly fillerOrderNumber?: string | null;
  readonly referringPhysician?: string | null;
  readonly requestingPhysician?: string | null;
  readonly modality?: string | null;
  readonly stationAe?: string | null;
  readonly stationName?: string | null;
  readonly startDate?: string | null;
  readonly startTime?: string | null;
  readonly performingPhysician?: string | null;
  readonly stepDescription?: string | null;
  readonly stepLocation?: string | null;
  readonly priority?: string | null;
  readonly admissionId?: string | null;
}

const FIELDS: readonly (readonly [column: string, key: keyof NewOrder])[] = [
  ['step_id', 'stepId'], ['study_instance_uid', 'studyInstanceUid'], ['patient_id', 'patientId'], ['issuer_of_patient_id', 'issuerOfPatientId'], ['patient_name', 'patientName'],
  ['patient_name_key', 'patientNameKey'], ['patient_birth_date', 'patientBirthDate'], ['patient_sex', 'patientSex'], ['accession_number', 'accessionNumber'],
  ['requested_procedure_id', 'requestedProcedureId'], ['requested_procedure_description', 'requestedProcedureDescription'], ['placer_order_number', 'placerOrderNumber'],
  ['filler_order_number', 'fillerOrderNumber'], ['referring_physician', 'referringPhysician'], ['requesting_physician', 'requestingPhysician'], ['modality', 'modality'], ['station_ae', 'stationAe'],
  ['station_name', 'stationName'], ['start_date', 'startDate'], ['start_time', 'startTime'], ['performing_physician', 'performingPhysician'], ['step_description', 'stepDescription'],
  ['step_location', 'stepLocation'], ['priority', 'priority'], ['admission_id', 'admissionId'],
];
const KEPT: ReadonlySet<string> = new Set(['step_id', 'study_instance_uid']);

// A change of an order that was cancelled schedules it again; one that a modality works on stays as the modality left it.
const enter = {
  name: 'order_enter',
  text: `insert into imaging_order as o (${FIELDS.map(([column]) => column).join(', ')}, created_at, changed_at)
         values (${FIELDS.map((_, n) => `$${n + 1}`).join(', ')}, $${FIELDS.length + 1}, $${FIELDS.length + 1})
         on conflict (step_id) do update set ${FIELDS.filter(([column]) => !KEPT.has(column)).map(([column]) => `${column} = excluded.${column}`).join(', ')},
           state = case when o.state = 'cancelled' then 'scheduled' else o.state end, changed_at = excluded.changed_at
         returning id, study_instance_uid`,
};

/** Enters a step, or changes the one with this id. Its Study Instance UID, which is made once. */
export async function upsertOrder(tx: Tx, order: NewOrder, at: Date): Promise<{ readonly id: number; readonly study_instance_uid: string }> {
  return (await tx.query<{ id: number; study_instance_uid: string }>(enter, [...FIELDS.map(([, key]) => order[key] ?? null), at]))[0]!;
}

const cancel = {
  name: 'order_cancel',
  text: `update imaging_order set state = 'cancelled', changed_at = $3 where (step_id = $1 or placer_order_number = $2) and state in ('scheduled', 'in-progress') returning id`,
};

/** Takes steps off the worklist, by step id or placer's number. How many. */
export async function cancelOrders(tx: Tx, wanted: { readonly stepId?: string; readonly placerOrderNumber?: string }, at: Date): Promise<number> {
  return tx.execute(cancel, [wanted.stepId ?? null, wanted.placerOrderNumber ?? null, at]);
}

const move = {
  name: 'order_move',
  text: `update imaging_order set state = $3, changed_at = $4 where (step_id = any($1) or (study_instance_uid = any($2) and cardinality($1::text[]) = 0)) and state in ('scheduled', 'in-progress')`,
};

/** A modality works on these steps (named by id, or else by study), or has ended. */
export async function moveOrders(tx: Tx, stepIds: readonly string[], studyInstanceUids: readonly string[], to: OrderState, at: Date): Promise<void> {
  await tx.execute(move, [[...stepIds], [...studyInstanceUids], to, at]);
}
