import type { Clock } from '../../foundation/clock.ts';
import type { Log } from '../../foundation/log.ts';
import type { FhirOptions } from '../../result-objects/fhir-request.ts';
import type { GatewayEquipment } from '../../result-objects/result-context.ts';
import type { Database } from '../../store/database.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import type { SegmentWriter } from '../../store/segments/segment-writer.ts';
import type { Typeface } from '../../result-objects/drawing/typeface.ts';
import type { DestinationName, Probe } from './destination-profiles.ts';

/** What writing results needs; roles/work.ts hands it in. */
export interface ResultWriterDependencies {
  readonly database: Database;
  readonly segments: SegmentReader;
  /** The segment writer of this process. */
  readonly writer: SegmentWriter;
  readonly clock: Clock;
  readonly log: Log;
  /** The lease owner of the jobs whose results are written. */
  readonly worker: string;
  readonly gateway: GatewayEquipment;
  /** Local time of the site east of UTC at that moment, minutes. */
  readonly utcOffsetMinutes: (at: Date) => number;
  readonly destinations: readonly DestinationName[];
  /** Asks a destination what it takes. */
  readonly probe?: Probe;
  /** The fonts of picture and document; without them these are not made. */
  readonly typeface?: () => Typeface;
  readonly fhir?: FhirOptions;
}
