import type { Tx } from './database.ts';

export interface GroupArrival {
  readonly groupId: string;
  readonly protocol: string;
  readonly callingAe: string;
  readonly calledAe: string;
  readonly remoteAddress: string;
  readonly openedAt: Date;
  readonly instances: number;
  /** Set when the group is known to have ended. */
  readonly closedAt: Date | null;
  readonly outcome: 'released' | 'aborted' | null;
}

const groups = {
  name: 'arrival_groups',
  text: `insert into arrival_group as g (group_id, protocol, calling_ae, called_ae, remote_address, opened_at, instance_count, closed_at, outcome)
         select n."groupId", n.protocol, n."callingAe", n."calledAe", n."remoteAddress", n."openedAt", n.instances, n."closedAt", n.outcome
         from json_to_recordset($1::json) n("groupId" text, protocol text, "callingAe" text, "calledAe" text, "remoteAddress" text, "openedAt" timestamptz, instances integer, "closedAt" timestamptz, outcome text)
         order by n."groupId"
         on conflict (group_id) do update set instance_count = g.instance_count + excluded.instance_count,
           closed_at = coalesce(g.closed_at, excluded.closed_at), outcome = coalesce(g.outcome, excluded.outcome)`,
};

/** Makes the groups that are new, adds the instances they brought, closes those that ended. */
export async function upsertGroups(tx: Tx, arrivals: readonly GroupArrival[]): Promise<void> {
  if (arrivals.length > 0) await tx.execute(groups, [JSON.stringify(arrivals)]);
}

/** What one group brought to one study in one batch. */
export interface StudyGroupArrival {
  readonly groupId: string;
  readonly callingAe: string;
  readonly studyInstanceUid: string;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly instances: number;
  readonly bytes: number;
  /** A SOP Instance UID, when there is just one. */
  readonly subject: string | null;
}

const studies = {
  name: 'arrival_studies',
  text: `insert into arrival_study as a (group_id, study_instance_uid, first_at, last_at, instance_count)
         select n."groupId", n."studyInstanceUid", n."firstAt", n."lastAt", n.instances
         from json_to_recordset($1::json) n("groupId" text, "studyInstanceUid" text, "firstAt" timestamptz, "lastAt" timestamptz, instances integer)
         order by n."groupId", n."studyInstanceUid"
         on conflict (group_id, study_instance_uid) do update set first_at = least(a.first_at, excluded.first_at), last_at = greatest(a.last_at, excluded.last_at),
           instance_count = a.instance_count + excluded.instance_count`,
};
const hops = {
  name: 'arrival_hops',
  text: `insert into hop (trace_id, study_instance_uid, hop, event, at, subject, detail)
         select n."groupId", n."studyInstanceUid", h.hop, h.event, case h.hop when 6 then n."lastAt" else $2 end, n.subject, json_build_object('instances', n.instances, 'bytes', n.bytes)
         from json_to_recordset($1::json) n("groupId" text, "studyInstanceUid" text, "lastAt" timestamptz, instances integer, bytes bigint, subject text)
         cross join (values (6, 'receive-instance.stored'), (7, 'index-batch.indexed')) h(hop, event)`,
};
const audits = {
  name: 'arrival_audits',
  text: `insert into audit_event (occurred_at, actor, action, outcome, object_type, object_id, study_instance_uid, detail)
         select $2, n."callingAe", 'instances.stored', 0, 'study', n."studyInstanceUid", n."studyInstanceUid", json_build_object('group', n."groupId", 'instances', n.instances, 'bytes', n.bytes)
         from json_to_recordset($1::json) n("groupId" text, "callingAe" text, "studyInstanceUid" text, instances integer, bytes bigint)`,
};

/** Leaves hops 6 and 7, the audit row and the count of what came from whom. */
export async function recordArrivals(tx: Tx, arrivals: readonly StudyGroupArrival[], at: Date): Promise<void> {
  if (arrivals.length === 0) return;
  const json = JSON.stringify(arrivals);
  await tx.execute(studies, [json]);
  await tx.execute(hops, [json, at]);
  await tx.execute(audits, [json, at]);
}

const orphans = { name: 'arrival_close_orphans', text: `update arrival_group set closed_at = $2, outcome = 'aborted' where closed_at is null and protocol = $1` };

/** Groups that a killed process left open: nobody else speaks this protocol, so they are over. */
export async function closeOrphanGroups(tx: Tx, protocol: string, at: Date): Promise<number> {
  return tx.execute(orphans, [protocol, at]);
}
