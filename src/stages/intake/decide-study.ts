import type { Clock } from '../../foundation/clock.ts';
import { GatewayError } from '../../foundation/errors.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { announceStudies, holdStudies, lockHold, unholdStudy } from '../../store/study-index.ts';

export interface StudyDecision {
  readonly studyInstanceUid: string;
  /** `held`: no rule runs on it until it is released. `released`: it goes on, with the images that are served. */
  readonly decision: 'held' | 'released';
  /** Who decided, and why, for the audit log. */
  readonly by: string;
  readonly reason: string;
}

/** Hold reason of a study that a person holds; others say what the gateway found. */
export const HELD_BY_HAND = 'by-hand';

/**
 * Carries out what a person decided about a study. A release by hand ends any hold, also one for images of another patient: those stay in
 * quarantine, and their alert open, until they are decided about themselves (`decideQuarantine`).
 *
 * Errors (permanent): `STUDY_UNKNOWN`, `STUDY_HELD` (already), `STUDY_NOT_HELD`.
 */
export async function decideStudy(parts: { readonly database: Database; readonly clock: Clock }, decision: StudyDecision): Promise<void> {
  const at = new Date(parts.clock.now());
  const { studyInstanceUid, by, reason } = decision;
  await parts.database.transaction(async (tx) => {
    const study = await lockHold(tx, studyInstanceUid);
    if (study === undefined) throw refused('STUDY_UNKNOWN', 'there is no study with this UID');
    if (decision.decision === 'held') {
      if (study.state === 'held') throw refused('STUDY_HELD', `the study is held already: ${study.hold_reason ?? ''}`);
      await holdStudies(tx, [studyInstanceUid], HELD_BY_HAND, at);
    } else {
      if (study.state !== 'held') throw refused('STUDY_NOT_HELD', 'the study is not held');
      await unholdStudy(tx, studyInstanceUid, study.hold_reason ?? '', at);
    }
    await recordAudit(tx, { at, actor: by, action: `study.${decision.decision}`, outcome: 0, objectType: 'study', objectId: studyInstanceUid, studyInstanceUid, detail: { reason, held: study.hold_reason } });
    await announceStudies(tx, [studyInstanceUid]);
  });
}

function refused(code: string, message: string): GatewayError {
  return new GatewayError(code, message, { failure: 'permanent' });
}
