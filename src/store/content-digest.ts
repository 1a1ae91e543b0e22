import type { Tx } from './database.ts';
import type { BlobColumns } from './segments/blob-address.ts';

export interface UndigestedInstance extends BlobColumns {
  readonly id: number;
  readonly sop_instance_uid: string;
  readonly state: 'active' | 'duplicate';
}

const undigested = {
  name: 'content_digest_missing',
  text: 'select id, sop_instance_uid, state, writer, segment, data_offset, data_length from instance where sha256 is null and id > $1 order by id limit $2',
};

/** Instances whose SHA-256 is not known yet, behind `afterId`. */
export async function undigestedInstances(tx: Tx, afterId: number, limit: number): Promise<UndigestedInstance[]> {
  return tx.query<UndigestedInstance>(undigested, [afterId, limit]);
}

const set = { name: 'content_digest_set', text: 'update instance set sha256 = $2 where id = $1' };

export async function setDigest(tx: Tx, id: number, sha256: Buffer): Promise<void> {
  await tx.execute(set, [id, sha256]);
}

const differing = {
  name: 'content_digest_differing',
  text: `with moved as (
           delete from instance d using instance a
           where d.sop_instance_uid = $1 and d.state = 'duplicate' and a.sop_instance_uid = $1 and a.state = 'active'
             and a.data_length = d.data_length and a.crc32 = d.crc32 and a.sha256 <> d.sha256 returning d.*)
         insert into quarantine (reason, study_instance_uid, series_instance_uid, sop_instance_uid, sop_class_uid, transfer_syntax_uid, writer, segment, record_offset, data_offset, data_length,
           crc32, header_length, group_id, received_at)
         select 'duplicate-other-content', s.study_instance_uid, r.series_instance_uid, m.sop_instance_uid, m.sop_class_uid, m.transfer_syntax_uid, m.writer, m.segment, m.record_offset, m.data_offset,
           m.data_length, m.crc32, m.header_length, m.group_id, m.received_at
         from moved m join series r on r.id = m.series_id join study s on s.id = r.study_id returning study_instance_uid`,
};

/**
 * Copies that had length and checksum of the served one and are another content all the same go to quarantine. Study UIDs of those. Copies of
 * other bytes were compared by what they say when they came (stages/intake/stored-copy.ts) and stay.
 */
export async function quarantineDiffering(tx: Tx, sopInstanceUid: string): Promise<string[]> {
  return (await tx.query<{ study_instance_uid: string }>(differing, [sopInstanceUid])).map((row) => row.study_instance_uid);
}
