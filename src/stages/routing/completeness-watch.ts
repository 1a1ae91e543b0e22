import { decideCompleteness, type CompletenessPolicy } from '../../domain/completeness.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import { arrivingStudies, type ArrivingStudy } from '../../store/study.ts';
import { manifestEvidence } from '../../store/study-manifest.ts';
import { routeStudy, type RoutingDependencies } from './study-router.ts';

export interface CompletenessWatchOptions extends RoutingDependencies {
  readonly completeness: CompletenessPolicy;
  /** Longest time between two looks; notifications only shorten it. */
  readonly pollMs?: number;
}

const MOST_STUDIES = 500;
const AFTER_FAILURE_MS = 5_000;

/** Looks at every study that still receives images, whenever one changed or its quiet time is over, and routes the complete ones. */
export class CompletenessWatch {
  readonly name = 'completeness-watch';
  readonly #options: CompletenessWatchOptions;
  readonly #failedUntil = new Map<string, number>();
  #stopListening: (() => Promise<void>) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(options: CompletenessWatchOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#stopListening = this.#options.database.listen('isocenter_study', () => this.#wake());
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#stopListening?.();
    await this.#running;
  }

  #wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#running ??= this.#sweepUntilQuiet().finally(() => (this.#running = undefined));
  }

  async #sweepUntilQuiet(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      clearTimeout(this.#timer);
      const next = await this.#sweep().catch((thrown: unknown) => this.#later('routing.sweep-failed', thrown));
      const wait = Math.max(10, Math.min(next - this.#options.clock.now(), this.#options.pollMs ?? 2_000));
      this.#timer = setTimeout(() => this.#wake(), wait);
    }
  }

  /** One look at all arriving studies. Returns when the next look is due. */
  async #sweep(): Promise<number> {
    const { clock, database, completeness } = this.#options;
    const studies = await arrivingStudies(database, MOST_STUDIES);
    const manifests = await manifestEvidence(database, studies.map((study) => study.study_instance_uid));
    let next = clock.now() + (this.#options.pollMs ?? 2_000);
    for (const study of studies) {
      if ((this.#failedUntil.get(study.study_instance_uid) ?? 0) > clock.now()) continue;
      const decision = decideCompleteness({ ...evidenceOf(study), manifest: manifests.get(study.study_instance_uid) }, completeness, clock.now());
      if (decision.kind === 'wait') next = Math.min(next, decision.until);
      else await this.#route(study, decision);
    }
    return next;
  }

  /** One study that cannot be routed must not keep the others waiting. */
  async #route(study: ArrivingStudy, decision: { readonly partial: boolean; readonly evidence: readonly string[] }): Promise<void> {
    try {
      await routeStudy(this.#options, study, { partial: decision.partial, evidence: decision.evidence });
      this.#failedUntil.delete(study.study_instance_uid);
    } catch (thrown) {
      this.#failedUntil.set(study.study_instance_uid, this.#later('routing.study-failed', thrown, study.study_instance_uid));
    }
  }

  #later(event: string, thrown: unknown, studyInstanceUid?: string): number {
    const error = asGatewayError(thrown);
    this.#options.log.error(event, { code: error.code, message: error.message, ...error.context, studyInstanceUid });
    return this.#options.clock.now() + AFTER_FAILURE_MS;
  }
}

function evidenceOf(study: ArrivingStudy): Parameters<typeof decideCompleteness>[0] {
  return {
    firstReceivedAt: study.first_received_at.getTime(),
    lastReceivedAt: study.last_received_at.getTime(),
    openGroups: study.open_groups,
    lastGroupClosedAt: study.last_group_closed_at?.getTime() ?? null,
    instanceCount: study.instance_count,
  };
}
