import { createHash } from 'node:crypto';
import type { SeriesTraits } from '../domain/eligibility.ts';
import type { AnalysedSource, SourceImage } from '../domain/findings.ts';
import { fault, ok, type Result } from '../foundation/result.ts';
import { buildGeometry, type FramePlane, type VolumeGeometry } from '../model-steps/geometry.ts';
import { describeImage, type FrameFacts, type ImageFrames } from '../model-steps/image-frames.ts';
import { applyModalityTable, fitsInt16, modalityTable, type ModalityTable, type Rescale } from '../model-steps/modality-lut.ts';
import { seriesTraits } from '../model-steps/series-traits.ts';
import type { Volume } from '../model-steps/volume.ts';
import { tags } from '../standards/dicom/tags.ts';
import { frameSource, type FrameSource } from './pixel-frames.ts';
import { readInstance, type ReadInstance } from './read-instance.ts';
import type { SeriesInput } from './series-input.ts';

/** A series as a volume in output units (HU) on its own grid. */
export interface LoadedSeries {
  readonly volume: Volume;
  readonly geometry: VolumeGeometry;
  readonly traits: SeriesTraits;
  /** Images in the order of the slices. */
  readonly source: AnalysedSource;
}

/** Why a series is no volume. `source` lists its images in the order given, as far as they could be read. */
export interface LoadFault {
  readonly check: string;
  readonly reason: string;
  readonly source: AnalysedSource;
}

/** Outside the scanner's field of view there is no measurement; for every reader it is air. */
const PADDING_HU = -1024;

/**
 * Reads the instances of a series, sorts its frames into a volume and applies the modality LUT of each frame.
 *
 * Memory: the stored bytes, let go of as the volume fills. Throws GatewayError when stored bytes cannot be read.
 */
export async function loadSeries(input: SeriesInput): Promise<Result<LoadedSeries, LoadFault>> {
  const read: ReadInstance[] = [];
  const broken: string[] = [];
  for (const instance of input.instances) {
    const one = readInstance(instance);
    if (one.ok) read.push(one.value);
    else broken.push(one.fault);
  }
  const origin = originOf(input, read);
  const refuse = (check: string, reason: string, slices: readonly Slice[] = []) => fault({ check, reason, source: { ...origin, images: slices.map((slice) => slice.image) } });
  if (broken.length > 0) return refuse('readable', `${broken.length} of ${input.instances.length} images: ${broken[0]!}`);

  const slices: Slice[] = [];
  for (const instance of read) {
    const described = describeImage(instance.dataSet);
    if (!described.ok) return refuse('readable', described.fault, slices);
    const frames = frameSource(instance.dataSet, instance.transferSyntaxUid);
    if (!frames.ok) return refuse('readable', frames.fault, slices);
    slices.push(...slicesOf(described.value, frames.value));
  }
  const volumeSlices = slices.filter(hasGeometry);
  if (volumeSlices.length < slices.length) return refuse('geometry', `${slices.length - volumeSlices.length} of ${slices.length} images have no position, orientation, pixel spacing or rescale`, slices);
  const geometry = buildGeometry(volumeSlices.map((slice) => slice.plane));
  if (!geometry.ok) return refuse('geometry', geometry.fault.reason, slices);

  const ordered = geometry.value.order.map((index) => volumeSlices[index]!);
  const source = { ...origin, images: ordered.map((slice) => slice.image) };
  const traits = seriesTraits(read.map((instance) => instance.dataSet));
  // From here on `ordered` alone holds the stored bytes, and lets go of them as the volume fills.
  for (const list of [read, slices, volumeSlices]) list.length = 0;
  const volume = await fillVolume(geometry.value, ordered);
  if (!volume.ok) return fault({ check: 'readable', reason: volume.fault, source });
  return ok({ volume: volume.value, geometry: geometry.value, traits, source });
}

export function originOf(input: SeriesInput, read: readonly ReadInstance[]): Omit<AnalysedSource, 'images'> {
  const first = read[0]?.dataSet;
  return {
    studyInstanceUid: input.studyInstanceUid,
    seriesInstanceUid: input.seriesInstanceUid,
    modality: first?.string(tags.Modality) ?? '',
    frameOfReferenceUid: first?.string(tags.FrameOfReferenceUID) ?? null,
    inputDigest: digestOf(read),
  };
}

interface Slice extends Omit<FrameFacts, 'number'> {
  readonly frames: FrameSource;
  readonly facts: ImageFrames;
  readonly frame: number;
  readonly image: SourceImage;
}

function slicesOf(facts: ImageFrames, frames: FrameSource): Slice[] {
  return facts.frames.map(({ number, ...frame }, index) => ({
    ...frame,
    frames,
    facts,
    frame: index,
    image: { sopClassUid: facts.sopClassUid, sopInstanceUid: facts.sopInstanceUid, frame: number },
  }));
}

function hasGeometry(slice: Slice): slice is Slice & { plane: FramePlane; rescale: Rescale } {
  return slice.plane !== null && slice.rescale !== null;
}

/** Frames decoded at the same time: enough to keep every worker busy, few enough to hold. */
const AT_ONCE = 8;

/** Empties `ordered` while it goes. */
async function fillVolume(geometry: VolumeGeometry, ordered: (Slice & { rescale: Rescale })[]): Promise<Result<Volume, string>> {
  const size = geometry.dims[1] * geometry.dims[2];
  const whole = fitsInt16(ordered.map((slice) => slice.rescale));
  const count = ordered.length;
  const data = whole ? new Int16Array(count * size) : new Float32Array(count * size);
  const tables = new Map<string, ModalityTable>();
  for (let start = 0; start < count; start += AT_ONCE) {
    const batch = ordered.splice(0, AT_ONCE);
    const decoded = await Promise.all(batch.map(async ({ frames, frame }) => frames.bytes(frame)));
    for (const [i, { facts, rescale }] of batch.entries()) {
      const bytes = decoded[i]!;
      const { bitsAllocated } = facts.format;
      if (!bytes.ok) return bytes;
      if (facts.samplesPerPixel !== 1) return fault('colour images are no volume');
      if (bitsAllocated === 32) return fault('pixels of 32 bits are no volume');
      const key = JSON.stringify([facts.format, rescale]);
      const table = tables.get(key) ?? modalityTable({ ...facts.format, bitsAllocated }, { ...rescale, paddingOutput: PADDING_HU, floor: PADDING_HU }, whole ? 'int16' : 'float32');
      tables.set(key, table);
      applyModalityTable(bytes.value, size, table, data, (start + i) * size);
    }
  }
  return ok({ data, dims: geometry.dims, spacing: geometry.spacing });
}

/** SHA-256 over the sorted SOP Instance UIDs with their content digests: the same set gives the same digest in any order. */
export function digestOf(read: readonly ReadInstance[]): string {
  const lines = read.map((instance) => `${instance.sopInstanceUid} ${instance.contentDigest}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex');
}
