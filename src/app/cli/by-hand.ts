import os from 'node:os';
import { systemClock } from '../../foundation/clock.ts';
import { isUid } from '../../foundation/uid.ts';
import { actByHand, rerun, sendStudy, type ByHandRequest } from '../../stages/delivery/by-hand.ts';
import { replayDeadLetters } from '../../stages/delivery/replay-dead.ts';
import type { MessageFilter } from '../../store/outbox-by-hand.ts';
import { UsageError } from './command-config.ts';
import { withGatewayDatabase } from './gateway-database.ts';

export interface ByHandOptions {
  readonly config?: string;
  readonly id?: readonly string[];
  readonly destination?: string;
  readonly study?: string;
  readonly code?: string;
  readonly what?: string;
  readonly model?: string;
  readonly by?: string;
  readonly reason?: string;
}

/** `isocenter delivery-hold|release|cancel|resend` and `dead-letters`: 0 = done to at least one message, 1 = none fits. Audited under `--by`. */
export function byHand(verb: 'hold' | 'release' | 'cancel' | 'resend' | 'replay', options: ByHandOptions): Promise<number> {
  const filter = filterOf(options);
  return withGatewayDatabase(options.config, async (database, config) => {
    const deps = { database, clock: systemClock, destinations: config.destinations };
    const request = requestOf(options);
    const count = verb === 'replay' ? await replayDeadLetters(deps, request.actor, filter) : (await actByHand(deps, verb, filter, request)).length;
    console.log(`${verb}: ${count} messages`);
    return count > 0 ? 0 : 1;
  });
}

/** `isocenter send-study UID --destination NAME`: results, originals or both; 0 = something goes out. */
export function sendStudyByHand(uid: string, options: ByHandOptions): Promise<number> {
  const { destination, what } = options;
  if (!isUid(uid) || destination === undefined) throw new UsageError(`${uid} is not a UID`);
  if (what !== 'results' && what !== 'originals' && what !== 'all') throw new UsageError('--what is results, originals or all');
  return withGatewayDatabase(options.config, async (database, config) => {
    const { resent, queued } = await sendStudy({ database, clock: systemClock, destinations: config.destinations }, { studyInstanceUid: uid, destination, what, ...requestOf(options) });
    console.log(`${destination}: ${queued} queued, ${resent} sent again`);
    return resent + queued > 0 ? 0 : 1;
  });
}

/** `isocenter rerun UID [--model ID]`. */
export function rerunByHand(uid: string, options: ByHandOptions): Promise<number> {
  return withGatewayDatabase(options.config, async (database, config) => {
    const jobs = await rerun({ database, clock: systemClock, destinations: config.destinations }, { studyInstanceUid: uid, modelId: options.model ?? null, ...requestOf(options) });
    for (const job of jobs) console.log(`queued ${job.model_id} ${job.model_version}, revision ${job.revision}`);
    return 0;
  });
}

function requestOf({ by, reason }: ByHandOptions): ByHandRequest {
  return { actor: by ?? os.userInfo().username, reason: reason ?? 'no reason given' };
}

function filterOf({ id, destination, study, code }: ByHandOptions): MessageFilter {
  if (study !== undefined && !isUid(study)) throw new UsageError(`${study} is not a UID`);
  const ids = id?.map(Number);
  if (ids?.some((one) => !Number.isInteger(one) || one < 1) === true) throw new UsageError('--id takes numbers of messages');
  if (ids === undefined && destination === undefined && study === undefined && code === undefined) throw new UsageError('say which messages: --id, --destination, --study or --code');
  return { ...(ids === undefined ? {} : { ids }), ...(destination === undefined ? {} : { destination }), ...(study === undefined ? {} : { studyInstanceUid: study }), ...(code === undefined ? {} : { code }) };
}
