import type { Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import type { Metrics } from '../foundation/metrics.ts';
import type { Database } from '../store/database.ts';
import type { Config } from './config/load-config.ts';
import type { GatewayStatus } from './gateway-status.ts';

/** What every role process has; roles/*.ts hand each component its slice. */
export interface RoleContext {
  readonly config: Config;
  readonly database: Database;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly gateway: GatewayStatus;
  /** Why components of this process are not ready, a sentence each. */
  unready(): readonly string[];
  /** Prometheus text of every process of this gateway that has reported. */
  allMetrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Tells the supervisor where a listener listens: it is printed at start and used by the demo. */
  announce(name: string, address: string): void;
}
