import type { Metrics } from '../../foundation/metrics.ts';
import type { RecordHeader } from '../../store/segments/record-format.ts';
import type { SegmentWriter } from '../../store/segments/segment-writer.ts';
import type { IndexedBatch } from './index-batch.ts';

export interface IntakeMetrics {
  durable(record: RecordHeader): void;
  failed(): void;
  indexed(batch: IndexedBatch): void;
}

export interface IntakeGauges {
  readonly writer: SegmentWriter;
  readonly lag: () => number;
  readonly groups: () => number;
}

/** Counters of what came in, and the depth of every queue on the way. */
export function intakeMetrics(metrics: Metrics, gauges: IntakeGauges): IntakeMetrics {
  const instances = metrics.counter('isocenter_intake_instances_total', 'Instances by what became of them', ['outcome']);
  const bytes = metrics.counter('isocenter_intake_bytes_total', 'Bytes of data sets made durable');
  metrics.gauge('isocenter_intake_unindexed_records', 'Durable records without a row', gauges.lag);
  metrics.gauge('isocenter_intake_open_groups', 'Associations and requests that bring instances', gauges.groups);
  metrics.gauge('isocenter_store_queued_records', 'Records that wait for their group commit', () => gauges.writer.load.queuedRecords);
  metrics.gauge('isocenter_store_buffer_bytes', 'Memory of records on their way to disk', () => gauges.writer.load.memoryBytes);
  metrics.gauge('isocenter_store_large_records', 'Large records that arrive now', () => gauges.writer.load.largeRecords);
  metrics.gauge('isocenter_store_spare_segments', 'Prepared segments', () => gauges.writer.load.spareSegments);
  metrics.gauge('isocenter_store_free_bytes', 'Free space of the store', () => gauges.writer.load.freeBytes);
  return {
    durable: (record) => {
      instances.inc({ outcome: record.verdict === '' ? 'durable' : 'refused' });
      bytes.inc(record.dataLength);
    },
    failed: () => instances.inc({ outcome: 'failed' }),
    indexed: (batch) => {
      instances.inc({ outcome: 'indexed' }, batch.stored);
      instances.inc({ outcome: 'duplicate' }, batch.duplicates);
      instances.inc({ outcome: 'quarantined' }, batch.quarantined);
    },
  };
}
