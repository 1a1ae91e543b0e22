import { decodeFrame } from '../codecs/decode-frame.ts';
import type { SeriesTraits } from '../domain/eligibility.ts';
import type { AnalysedSource, SourceImage } from '../domain/findings.ts';
import { fault, ok, type Result } from '../foundation/result.ts';
import type { FramePlane } from '../model-steps/geometry.ts';
import { describeImage, type FrameFacts, type ImageFrames } from '../model-steps/image-frames.ts';
import type { ImageFacts } from '../model-steps/image-quality.ts';
import { storedValues, type Rescale } from '../model-steps/modality-lut.ts';
import { SAME_PLACE, type Plane } from '../model-steps/plane.ts';
import { seriesTraits } from '../model-steps/series-traits.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import { pixelFrames, type PixelFrames } from '../standards/dicom/pixel-frames.ts';
import { tags } from '../standards/dicom/tags.ts';
import { originOf, type LoadFault } from './load-series.ts';
import { readInstance, type ReadInstance } from './read-instance.ts';
import type { SeriesInput } from './series-input.ts';

/** One picture of a series, its pixels still to be decoded. */
export interface LoadedImage {
  readonly facts: ImageFacts;
  readonly rows: number;
  readonly columns: number;
  /** Lowest and highest stored value that fits. */
  readonly range: readonly [number, number];
  readonly rescale: Rescale | null;
  /** The picture's own window, output units. */
  readonly window: { readonly centre: number; readonly width: number } | null;
  readonly place: FramePlane | null;
  /** Trigger Time, ms. */
  readonly time: number | null;
  readonly number: number;
  readonly image: SourceImage;
  /** Stored values as float32, by channel; RGB whatever the photometric interpretation. */
  read(): Promise<Result<Plane, string>>;
}

export interface LoadedImages {
  readonly images: readonly LoadedImage[];
  readonly traits: SeriesTraits;
  readonly source: AnalysedSource;
}

/** Reads the headers of the pictures of a series, in the order of instances and frames. Throws GatewayError when stored bytes cannot be read. */
export function loadImages(input: SeriesInput): Result<LoadedImages, LoadFault> {
  const read: ReadInstance[] = [];
  const broken: string[] = [];
  for (const instance of input.instances) {
    const one = readInstance(instance);
    if (one.ok) read.push(one.value);
    else broken.push(one.fault);
  }
  const origin = originOf(input, read);
  const refuse = (reason: string) => fault({ check: 'readable', reason, source: { ...origin, images: [] } });
  if (broken.length > 0) return refuse(`${broken.length} of ${input.instances.length} images: ${broken[0]!}`);
  const images: LoadedImage[] = [];
  for (const { dataSet, transferSyntaxUid } of read) {
    const described = describeImage(dataSet);
    if (!described.ok) return refuse(described.fault);
    const frames = pixelFrames(dataSet);
    if (!frames.ok) return refuse(`the pixel data of an image cannot be read (${frames.fault.code})`);
    images.push(...described.value.frames.map((frame, index) => imageOf(dataSet, described.value, frame, { frames: frames.value, transferSyntaxUid, index })));
  }
  if (images.length === 0) return refuse('there are no images');
  return ok({ images, traits: seriesTraits(read.map((one) => one.dataSet)), source: { ...origin, images: images.map((one) => one.image) } });
}

interface FrameBytes {
  readonly frames: PixelFrames;
  readonly transferSyntaxUid: string;
  readonly index: number;
}

function imageOf(dataSet: DataSet, described: ImageFrames, frame: FrameFacts, bytes: FrameBytes): LoadedImage {
  const { bitsStored, signed } = described.format;
  const centre = dataSet.number(tags.WindowCenter);
  const width = dataSet.number(tags.WindowWidth);
  return {
    facts: {
      photometric: described.photometric,
      laterality: dataSet.string(tags.ImageLaterality) ?? dataSet.string(tags.Laterality) ?? '',
      view: dataSet.string(tags.ViewPosition) ?? '',
      burnedIn: dataSet.string(tags.BurnedInAnnotation) === 'YES',
    },
    rows: described.rows,
    columns: described.columns,
    range: signed ? [-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1] : [0, 2 ** bitsStored - 1],
    rescale: frame.rescale,
    window: centre !== undefined && width !== undefined && width > 0 ? { centre, width } : null,
    place: frame.plane,
    time: dataSet.number(tags.TriggerTime) ?? null,
    number: dataSet.number(tags.InstanceNumber) ?? bytes.index,
    image: { sopClassUid: described.sopClassUid, sopInstanceUid: described.sopInstanceUid, frame: frame.number },
    read: async () => readPlane(described, bytes),
  };
}

async function readPlane({ rows, columns, format }: ImageFrames, { frames, transferSyntaxUid, index }: FrameBytes): Promise<Result<Plane, string>> {
  const bytes = frames.frame(index + 1);
  if (!bytes.ok) return fault(`a frame of an image is not there (${bytes.fault.code})`);
  const decoded = await decodeFrame({ ...frames.description, transferSyntaxUid, bytes: bytes.value });
  if (!decoded.ok) return fault(`a frame of an image cannot be decoded (${decoded.fault.code}: ${decoded.fault.message})`);
  const { samplesPerPixel, photometricInterpretation, pixels, bitsAllocated, bitsStored } = decoded.value;
  if (bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 32) return fault(`pixels of ${bitsAllocated} bits are no picture that is read here`);
  if (photometricInterpretation === 'PALETTE COLOR') return fault('pictures with a colour palette are not read');
  const count = rows * columns;
  const values = storedValues(pixels, count * samplesPerPixel, { ...format, bitsAllocated, bitsStored });
  const channels = Array.from({ length: samplesPerPixel }, (_, c) => {
    const channel = new Float32Array(count);
    for (let q = 0; q < count; q++) channel[q] = values[q * samplesPerPixel + c]!;
    return channel;
  });
  if (photometricInterpretation.startsWith('YBR_FULL')) toRgb(channels);
  return ok({ channels, rows, columns, map: SAME_PLACE });
}

/** YBR_FULL of 8 bits → RGB in place. Source: PS3.3 §C.7.6.3.1.2. */
function toRgb([y, b, r]: readonly Float32Array[]): void {
  if (y === undefined || b === undefined || r === undefined) return;
  for (let q = 0; q < y.length; q++) {
    const [luma, blue, red] = [y[q]!, b[q]! - 128, r[q]! - 128];
    const clip = (v: number) => Math.min(255, Math.max(0, Math.round(v)));
    [y[q], b[q], r[q]] = [clip(luma + 1.402 * red), clip(luma - 0.344136 * blue - 0.714136 * red), clip(luma + 1.772 * blue)];
  }
}
