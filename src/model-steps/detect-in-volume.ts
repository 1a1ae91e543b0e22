import { findPeaks, suppress, type Detection, type DetectionMapLayout } from './peaks.ts';
import { copyWindow, tilesOver, type TilingOptions } from './windows.ts';
import type { Mask, Triple, Volume } from './volume.ts';

/** Runs the network on one window of shape [1, 1, z, y, x]; gives maps of shape [1, channels, z / cell, y / cell, x / cell]. */
export type Infer = (window: Float32Array, size: Triple) => Promise<{ readonly values: Float32Array; readonly shape: readonly number[] }>;

export interface DetectorSettings {
  readonly tiling: TilingOptions;
  readonly layout: DetectionMapLayout;
  /** Peaks below are dropped. */
  readonly floor: number;
  readonly radiusMm: number;
  readonly perDiameter: number;
}

export interface DetectorRun {
  /** Strongest first. */
  readonly detections: readonly Detection[];
  readonly windows: number;
}

/**
 * A fully convolutional detector over the part of a volume that a mask covers: windows, network, peaks, suppression.
 *
 * @param volume  isotropic, as the network wants it
 * @param mask    of half its resolution
 * @param done    told after each window: how many of how many
 * Errors: what `infer` throws; RangeError when the maps have not the shape that the layout promises.
 */
export async function detectInVolume(volume: Volume<Float32Array>, mask: Mask, settings: DetectorSettings, infer: Infer, done: (windows: number, of: number) => void): Promise<DetectorRun> {
  const { size, starts } = tilesOver(mask, settings.tiling);
  const window = new Float32Array(size[0] * size[1] * size[2]);
  const voxelMm = volume.spacing[0];
  const found: Detection[] = [];
  for (const [index, start] of starts.entries()) {
    copyWindow(volume, start, size, window);
    const maps = await infer(window, size);
    requireShape(maps.shape, size, settings.layout);
    found.push(...findPeaks({ maps: maps.values, start, size }, settings.layout, { margin: settings.tiling.margin, floor: settings.floor, voxelMm, mask }));
    done(index + 1, starts.length);
  }
  return { detections: suppress(found, { radiusMm: settings.radiusMm, perDiameter: settings.perDiameter, voxelMm }), windows: starts.length };
}

function requireShape(shape: readonly number[], size: Triple, layout: DetectionMapLayout): void {
  const wanted = [1, layout.channelCount, ...size.map((edge) => edge / layout.cell)];
  if (shape.join() !== wanted.join()) throw new RangeError(`the network answers shape [${shape.join(', ')}], the manifest promises [${wanted.join(', ')}]`);
}
