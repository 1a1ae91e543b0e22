import type { Tx } from './database.ts';

/** What somebody says a study consists of. */
export interface StudyManifest {
  readonly source: 'mpps' | 'ian';
  readonly sourceUid: string;
  readonly studyInstanceUid: string;
  /** open: images are still being made · final: these are all · discontinued: the step was given up. */
  readonly state: 'open' | 'final' | 'discontinued';
  readonly instances: readonly string[];
}

const put = {
  name: 'study_manifest_put',
  text: `insert into study_manifest (source, source_uid, study_instance_uid, state, instances, changed_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (source, source_uid, study_instance_uid) do update set state = excluded.state, instances = excluded.instances, changed_at = excluded.changed_at`,
};

export async function putManifest(tx: Tx, manifest: StudyManifest, at: Date): Promise<void> {
  await tx.execute(put, [manifest.source, manifest.sourceUid, manifest.studyInstanceUid, manifest.state, [...manifest.instances], at]);
}

export interface ManifestEvidence {
  readonly study_instance_uid: string;
  /** Steps that are still being performed. */
  readonly open: number;
  /** Steps and notices that say what there is. */
  readonly final: number;
  /** Instances they name, and how many of these are not here. */
  readonly listed: number;
  readonly missing: number;
}

const evidence = {
  name: 'study_manifest_evidence',
  text: `select m.study_instance_uid, count(*) filter (where m.state = 'open') as open, count(*) filter (where m.state = 'final') as final,
           coalesce(sum(cardinality(m.instances)) filter (where m.state = 'final'), 0)::bigint as listed,
           coalesce(sum((select count(*) from unnest(m.instances) u(uid) where not exists (select 1 from instance i where i.sop_instance_uid = u.uid and i.state = 'active'))) filter (where m.state = 'final'), 0)::bigint as missing
         from study_manifest m where m.study_instance_uid = any($1) group by m.study_instance_uid`,
};

/** What manifests say about these studies; studies without one are left out. */
export async function manifestEvidence(tx: Tx, studyInstanceUids: readonly string[]): Promise<Map<string, ManifestEvidence>> {
  const rows = studyInstanceUids.length === 0 ? [] : await tx.query<ManifestEvidence>(evidence, [[...studyInstanceUids]]);
  return new Map(rows.map((row) => [row.study_instance_uid, row]));
}
