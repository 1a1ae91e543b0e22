/** One part of a role process. roles/*.ts list them in start order; lifecycle.ts starts and stops them. */
export interface Component {
  readonly name: string;
  /** Resolves when the part does its work (a listener listens). A rejection ends the start of the whole role. */
  start(): Promise<void>;
  /** Stops taking new work; what is under way goes on. Comes before any `stop`. */
  quiesce?(): Promise<void> | void;
  /** Ends what is under way within `deadlineMs`, gives leases back, closes. Never rejects for work it had to cut short. */
  stop(deadlineMs: number): Promise<void>;
  /** SIGHUP: reads certificates again. Open connections go on. */
  reload?(): void;
  /** Why the part is not ready yet, a sentence each; empty or absent = ready. Asked once a second. */
  unready?(): readonly string[];
}
