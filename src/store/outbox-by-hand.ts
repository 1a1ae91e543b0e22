import type { Tx } from './database.ts';

/** Which messages a person means; parts that are absent do not restrict. */
export interface MessageFilter {
  readonly ids?: readonly number[];
  readonly destination?: string;
  readonly studyInstanceUid?: string;
  /** Code of the last failure. */
  readonly code?: string;
}

export interface TouchedMessage {
  readonly id: number;
  readonly destination: string;
  readonly study_instance_uid: string;
}

const MATCHES = `($1::bigint[] is null or m.id = any($1)) and ($2::text is null or m.destination = $2)
  and ($3::text is null or m.study_instance_uid = $3) and ($4::text is null or m.last_failure->>'code' = $4)`;

// Sending an old revision now would put it over a newer one.
const NOT_OVERTAKEN = `not exists (select 1 from outbox_message later where later.destination = m.destination and later.ordering_key = m.ordering_key and later.id > m.id
  and later.state in ('sending', 'delivered', 'proven'))`;

const RETURNING = 'returning m.id, m.destination, m.study_instance_uid';

const hold = {
  name: 'by_hand_hold',
  text: `update outbox_message m set state = 'held', waiting_for = $6 where ${MATCHES} and m.state = 'pending' and m.created_at <= $5 ${RETURNING}`,
};
const release = {
  name: 'by_hand_release',
  text: `update outbox_message m set state = 'pending', next_attempt_at = $5, created_at = $5, waiting_for = $6 where ${MATCHES} and m.state = 'held' ${RETURNING}`,
};
const cancel = {
  name: 'by_hand_cancel',
  text: `update outbox_message m set state = 'cancelled', waiting_for = $6 where ${MATCHES} and m.state in ('pending', 'held', 'dead') and m.created_at <= $5 ${RETURNING}`,
};
const resend = {
  name: 'by_hand_resend',
  text: `update outbox_message m set state = 'pending', next_attempt_at = $5, created_at = $5, delivered_at = null, proven_at = null, waiting_for = $6
         where ${MATCHES} and (m.state in ('delivered', 'proven', 'dead') or (m.state = 'cancelled' and $1::bigint[] is not null)) and ${NOT_OVERTAKEN} ${RETURNING}`,
};
const statements = { hold, release, cancel, resend } as const;

export type MessageAction = keyof typeof statements;

/**
 * Does to messages what a person asked for: `hold` those that wait, `release` those that are held, `cancel` what has not left, `resend`
 * what is done or dead, and what was cancelled when it is named by its number (same bytes, same identifiers; not what a newer revision has overtaken). Others stay as they are.
 */
export async function actOnMessages(tx: Tx, action: MessageAction, filter: MessageFilter, waitingFor: string, at: Date): Promise<TouchedMessage[]> {
  const { ids, destination, studyInstanceUid, code } = filter;
  return tx.query<TouchedMessage>(statements[action], [ids === undefined ? null : [...ids], destination ?? null, studyInstanceUid ?? null, code ?? null, at, waitingFor]);
}

/** An object of a study that could go to a destination, with the message that is there already. */
export interface SendableObject {
  readonly purpose: 'forward' | 'result';
  readonly object_id: number;
  readonly media_type: string;
  readonly job_id: number | null;
  readonly trace_id: string | null;
  readonly ordering_key: string | null;
  readonly message_id: number | null;
}

const sendable = {
  name: 'by_hand_sendable',
  text: `with latest as (select max(id) as id from inference_job where study_instance_uid = $1 and state = 'done' group by model_id)
         select 'result' as purpose, o.id as object_id, o.media_type, o.job_id, j.trace_id,
           (select max(m.ordering_key) from outbox_message m where m.result_object_id = o.id) as ordering_key,
           (select min(m.id) from outbox_message m where m.result_object_id = o.id and m.destination = $2) as message_id
         from result_object o join inference_job j on j.id = o.job_id where o.job_id in (select id from latest) and $3 <> 'originals'
           and (o.media_type <> 'application/dicom' or exists (select 1 from outbox_message m where m.result_object_id = o.id and m.destination = $2 and m.state <> 'cancelled')
             or (o.role in ('segmentation', 'structured-report') and not exists (
               select 1 from outbox_message m join result_object other on other.id = m.result_object_id where m.job_id = o.job_id and m.destination = $2 and other.media_type = 'application/dicom')))
           and not (o.media_type = 'application/dicom' and o.instance_id is null)
         union all
         select 'forward', i.id, 'application/dicom', null, i.group_id, null, (select min(m.id) from outbox_message m where m.instance_id = i.id and m.destination = $2)
         from instance i join series r on r.id = i.series_id join study s on s.id = r.study_id
         where s.study_instance_uid = $1 and i.origin = 'received' and i.state = 'active' and $3 <> 'results'
         order by 1, 2`,
};

/** The results of the last run of each model in the forms this destination takes (SR and SEG where none went there yet), the received originals, or both. */
export async function sendableObjects(tx: Tx, studyInstanceUid: string, destination: string, what: 'results' | 'originals' | 'all'): Promise<SendableObject[]> {
  return tx.query<SendableObject>(sendable, [studyInstanceUid, destination, what]);
}
