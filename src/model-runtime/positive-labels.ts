import { BACKGROUND } from './manifest.ts';
import type { LabelSpec, Manifest } from './manifest-schema.ts';
import type { OutputReading } from './read-outputs.ts';

export interface PositiveLabel {
  readonly label: LabelSpec;
  readonly probability: number;
}

/** Operating point of a label: its `threshold` step, else 0.5. */
export function thresholdOf(manifest: Manifest, label: string): number {
  for (const step of manifest.postprocess) if (step.op === 'threshold' && step.label === label) return step.value;
  return 0.5;
}

export function labelSpec(manifest: Manifest, id: string): LabelSpec | undefined {
  return id === BACKGROUND ? undefined : manifest.labels.find((label) => label.id === id);
}

/** Labels that hold for a picture and are no sign of health, the likeliest first. */
export function positiveLabels(manifest: Manifest, readings: readonly OutputReading[]): PositiveLabel[] {
  const found = readings.flatMap((reading): PositiveLabel[] => {
    if (reading.kind === 'classification' || reading.kind === 'ordinal') {
      const label = labelSpec(manifest, reading.labels[reading.chosen]!);
      return label === undefined || label.normal ? [] : [{ label, probability: reading.probabilities[reading.chosen]! }];
    }
    if (reading.kind !== 'multilabel') return [];
    return reading.labels.flatMap((id, k) => {
      const label = labelSpec(manifest, id);
      const probability = reading.probabilities[k]!;
      return label === undefined || label.normal || probability < thresholdOf(manifest, id) ? [] : [{ label, probability }];
    });
  });
  return found.sort((a, b) => b.probability - a.probability || (a.label.id < b.label.id ? -1 : 1));
}
