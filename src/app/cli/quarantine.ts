import os from 'node:os';
import { systemClock } from '../../foundation/clock.ts';
import { decideQuarantine } from '../../stages/intake/decide-quarantine.ts';
import { quarantineLines, type QuarantineLine } from '../../store/quarantine.ts';
import { SegmentReader } from '../../store/segments/segment-reader.ts';
import { segmentsFolder } from '../segment-writer-component.ts';
import { UsageError } from './command-config.ts';
import { withGatewayDatabase } from './gateway-database.ts';

export interface QuarantineListOptions {
  readonly config?: string;
  /** Study Instance UID; every study when absent. */
  readonly study?: string;
  readonly json?: boolean;
}

const MOST_ROWS = 1_000;

/** `isocenter quarantine list`: what waits for a person, oldest first, with the patient it claims and the one its study has. */
export function quarantineList(options: QuarantineListOptions): Promise<number> {
  return withGatewayDatabase(options.config, async (database) => {
    const lines = await quarantineLines(database, options.study ?? null, MOST_ROWS);
    if (options.json === true) console.log(JSON.stringify(lines, null, 2));
    else if (lines.length === 0) console.log('nothing waits in quarantine');
    else for (const line of lines) console.log(describe(line));
    return 0;
  });
}

export interface QuarantineDecideOptions {
  readonly config?: string;
  /** Who decides; the login unless told. */
  readonly by?: string;
}

/** `isocenter quarantine release|discard ID`: carries a decision out, audited. 0 = done; what cannot be is an error with its code. */
export function quarantineDecide(idText: string, decision: 'released' | 'discarded', options: QuarantineDecideOptions): Promise<number> {
  const id = Number(idText);
  if (!Number.isSafeInteger(id) || id < 1) throw new UsageError(`${idText} is no number of \`isocenter quarantine list\``);
  return withGatewayDatabase(options.config, async (database, config) => {
    const reader = new SegmentReader(segmentsFolder(config.dataDir));
    try {
      await decideQuarantine({ database, reader, clock: systemClock }, { id, decision, by: options.by ?? os.userInfo().username });
    } finally {
      reader.close();
    }
    console.log(`${id} ${decision}`);
    return 0;
  });
}

function describe(line: QuarantineLine): string {
  const patients = line.reason === 'patient-conflict' ? `  patient ${patient(line.patient_id, line.issuer_of_patient_id)}, the study’s is ${patient(line.study_patient_id, line.study_issuer_of_patient_id)}` : '';
  return `${line.id}  ${line.reason}  ${line.received_at.toISOString()}  from ${line.calling_ae ?? '?'}  ${line.data_length} bytes  study ${line.study_instance_uid ?? '?'}  instance ${line.sop_instance_uid ?? '?'}${patients}`;
}

function patient(id: string | null, issuer: string | null): string {
  return issuer === null ? (id ?? '(none)') : `${id ?? '(none)'} of ${issuer}`;
}
