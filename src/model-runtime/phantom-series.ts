import { createHash } from 'node:crypto';
import { phantoms, type PhantomName, type PhantomOptions } from '../phantoms/catalogue.ts';
import type { InstanceInput, SeriesInput } from './series-input.ts';

export interface PhantomSeries {
  readonly series: SeriesInput;
  /** What is in the images, as the phantom says it. */
  readonly truth: unknown;
}

/** A phantom as a model gets a real series: DICOM files, here in memory, that are read and decoded like any other. */
export function phantomSeries(name: PhantomName, seed: number, options: PhantomOptions = {}): PhantomSeries {
  const study = phantoms[name](seed, options);
  const { seriesInstanceUid } = study.truth as { seriesInstanceUid: string };
  const instances = Array.from(study.instances(), (instance): InstanceInput => ({
    bytes: { bytes: instance.bytes, form: 'part10-bytes' },
    transferSyntaxUid: instance.transferSyntaxUid,
    sopInstanceUid: instance.sopInstanceUid,
    contentDigest: `sha256:${createHash('sha256').update(instance.bytes).digest('hex')}`,
  }));
  return { series: { studyInstanceUid: study.studyInstanceUid, seriesInstanceUid, instances }, truth: study.truth };
}
