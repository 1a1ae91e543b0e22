import type { RetrieveScope } from './retrieval.ts';
import type { Tx } from './database.ts';

export interface RejectedInstance {
  readonly id: number;
  readonly series_id: number;
  readonly study_id: number;
  readonly origin: 'received' | 'result';
  readonly study_instance_uid: string;
  readonly series_instance_uid: string;
  readonly sop_instance_uid: string;
  readonly sop_class_uid: string;
}

const reject = {
  name: 'rejection_reject',
  text: `with gone as (
           update instance i set state = 'rejected' from series r join study s on s.id = r.study_id
           where i.series_id = r.id and i.state = 'active' and s.study_instance_uid = $1 and ($2::text is null or r.series_instance_uid = $2) and ($3::text is null or i.sop_instance_uid = $3)
           returning i.id, i.series_id, r.study_id, i.origin, s.study_instance_uid, r.series_instance_uid, i.sop_instance_uid, i.sop_class_uid)
         select * from gone`,
};
const recount = {
  name: 'rejection_recount',
  text: `update series r set instance_count = (select count(*) from instance i where i.series_id = r.id and i.state = 'active'), changed_at = $2 where r.id = any($1)`,
};
const recountStudy = {
  name: 'rejection_recount_study',
  text: `update study s set instance_count = (select count(*) from instance i join series r on r.id = i.series_id where r.study_id = s.id and i.state = 'active' and i.origin = 'received'), changed_at = $2 where s.id = any($1)`,
};

/** Takes the served instances of a scope out of service. Their bytes stay. None when nothing was served. */
export async function rejectInstances(tx: Tx, { studyInstanceUid, seriesInstanceUid, sopInstanceUid }: RetrieveScope, at: Date): Promise<RejectedInstance[]> {
  const gone = await tx.query<RejectedInstance>(reject, [studyInstanceUid, seriesInstanceUid ?? null, sopInstanceUid ?? null]);
  if (gone.length === 0) return gone;
  await tx.execute(recount, [[...new Set(gone.map((row) => row.series_id))], at]);
  await tx.execute(recountStudy, [[...new Set(gone.map((row) => row.study_id))], at]);
  return gone;
}
