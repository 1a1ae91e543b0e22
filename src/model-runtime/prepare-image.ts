import { cropCircle, cropForeground, flipToLeft } from '../model-steps/frame-picture.ts';
import { imagenetValues, windowValues } from '../model-steps/intensity.ts';
import { greyOf, type Plane } from '../model-steps/plane.ts';
import { resizePlane, scalePlane } from '../model-steps/resize-plane.ts';
import type { LoadedImage } from './load-images.ts';
import type { ImageTransformSpec } from './manifest-operations.ts';
import type { CineInputSpec, ImageInputSpec } from './manifest-tensors.ts';
import { transformValues } from './transform-values.ts';

/** Brings a picture to what the network was trained on: transforms in order, then pixel spacing (cine) and size. */
export function prepareImage(plane: Plane, image: LoadedImage, input: ImageInputSpec | CineInputSpec): Plane {
  let picture: Plane = { ...plane, channels: plane.channels.map((channel) => channel.slice()) };
  if (input.source === 'cine' && image.place !== null) {
    const rows = Math.max(1, Math.round((plane.rows * image.place.rowSpacing) / input.spacingMm[0]));
    const columns = Math.max(1, Math.round((plane.columns * image.place.columnSpacing) / input.spacingMm[1]));
    picture = scalePlane(picture, rows, columns);
  }
  for (const transform of input.transforms) picture = applyTransform(picture, transform, image);
  return resizePlane(picture, input.resize);
}

/** The values of pictures as one tensor, [n, c, y, x] or [n, y, x, c]. */
export function imageTensor(planes: readonly Plane[], input: ImageInputSpec | CineInputSpec): { readonly values: Float32Array; readonly shape: readonly number[] } {
  const { rows, columns, channels } = planes[0]!;
  const size = rows * columns * channels.length;
  const values = new Float32Array(planes.length * size);
  const channelsLast = input.axes.at(-1)!.id === 'c';
  planes.forEach((plane, n) => {
    plane.channels.forEach((channel, c) => {
      if (!channelsLast) values.set(channel, n * size + c * rows * columns);
      else for (let q = 0; q < channel.length; q++) values[n * size + q * channels.length + c] = channel[q]!;
    });
  });
  return { values, shape: channelsLast ? [planes.length, rows, columns, channels.length] : [planes.length, channels.length, rows, columns] };
}

function applyTransform(plane: Plane, transform: ImageTransformSpec, image: LoadedImage): Plane {
  switch (transform.op) {
    case 'modality-lut':
      return image.rescale === null ? plane : mapChannels(plane, (v) => v * image.rescale!.slope + image.rescale!.intercept);
    case 'window':
      return applyWindow(plane, transform, image);
    case 'invert-monochrome1':
      return image.facts.photometric === 'MONOCHROME1' ? invert(plane) : plane;
    case 'to-rgb':
      return plane.channels.length === 3 ? plane : { ...plane, channels: [0, 1, 2].map(() => plane.channels[0]!.slice()) };
    case 'to-grey':
      return { ...plane, channels: [greyOf(plane).slice()] };
    case 'imagenet':
      plane.channels.forEach((channel, c) => imagenetValues(channel, Math.min(2, c) as 0 | 1 | 2));
      return plane;
    case 'crop-circle':
      return cropCircle(plane);
    case 'crop-foreground':
      return cropForeground(plane, transform.threshold);
    case 'flip-to-left':
      return flipToLeft(plane);
    case 'clip':
    case 'affine':
    case 'zscore':
    case 'min-max':
    case 'percentile':
      for (const channel of plane.channels) transformValues(channel, transform);
      return plane;
  }
}

function applyWindow(plane: Plane, spec: Extract<ImageTransformSpec, { op: 'window' }>, image: LoadedImage): Plane {
  const { outMin, outMax } = spec;
  const own = spec.center !== undefined && spec.width !== undefined ? { centre: spec.center, width: spec.width } : image.window;
  // Without a window the whole stored range is shown, as PS3.3 §C.11.2.1.2 leaves it to the application.
  const window = own ?? { centre: (image.range[0] + image.range[1] + 1) / 2, width: image.range[1] - image.range[0] + 1 };
  for (const channel of plane.channels) windowValues(channel, window.centre, window.width, outMin, outMax);
  return plane;
}

/** highest + lowest − v: the values keep their range, as a MONOCHROME1 picture is shown. */
function invert(plane: Plane): Plane {
  let [low, high] = [Infinity, -Infinity];
  for (const channel of plane.channels)
    for (const v of channel) {
      if (v < low) low = v;
      if (v > high) high = v;
    }
  return mapChannels(plane, (v) => low + high - v);
}

function mapChannels(plane: Plane, change: (value: number) => number): Plane {
  return { ...plane, channels: plane.channels.map((channel) => channel.map(change)) };
}
