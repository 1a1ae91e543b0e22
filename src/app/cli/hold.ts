import os from 'node:os';
import { systemClock } from '../../foundation/clock.ts';
import { isUid } from '../../foundation/uid.ts';
import { decideStudy } from '../../stages/intake/decide-study.ts';
import { heldStudies } from '../../store/study-index.ts';
import { UsageError } from './command-config.ts';
import { withGatewayDatabase } from './gateway-database.ts';

interface ConfigOption {
  readonly config?: string;
}

const MOST_ROWS = 1_000;

/** `isocenter study held`: the studies that wait for a person, longest first, and why. */
export function studiesHeld(options: ConfigOption): Promise<number> {
  return withGatewayDatabase(options.config, async (database) => {
    const held = await heldStudies(database, MOST_ROWS);
    for (const study of held) console.log(`${study.study_instance_uid}  ${study.hold_reason ?? ''}  since ${study.changed_at.toISOString()}  ${study.instance_count} instances, ${study.undecided} in quarantine`);
    if (held.length === 0) console.log('no study is held');
    return 0;
  });
}

export interface StudyDecideOptions extends ConfigOption {
  readonly reason: string;
  /** Who decides; the login unless told. */
  readonly by?: string;
}

/** `isocenter study hold|release UID --reason …`: audited. 0 = done; what cannot be is an error with its code. */
export function studyDecide(studyInstanceUid: string, decision: 'held' | 'released', options: StudyDecideOptions): Promise<number> {
  if (!isUid(studyInstanceUid)) throw new UsageError(`${studyInstanceUid} is no UID`);
  return withGatewayDatabase(options.config, async (database) => {
    await decideStudy({ database, clock: systemClock }, { studyInstanceUid, decision, by: options.by ?? os.userInfo().username, reason: options.reason });
    console.log(`${studyInstanceUid} ${decision}`);
    return 0;
  });
}
