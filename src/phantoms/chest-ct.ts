/**
 * Chest CT phantoms with lung nodules of known place, size and kind.
 *
 * Nothing in them comes from a patient. They are made to test a gateway and to train and measure a demonstration model;
 * a figure reached on them says nothing about people.
 */
import { drawAnatomy, LungShape } from './chest-anatomy.ts';
import { drawDistractors, type LungSpace } from './chest-distractors.ts';
import { drawNodules, malignancyRule, noduleVolume, type Nodule, type NoduleKind, type NoduleOptions, type NodulePlace } from './chest-nodules.ts';
import { drawTissue } from './chest-tissue.ts';
import { drawVesselsAndAirways } from './chest-vessels.ts';
import { acquire, drawAcquisition, makeCanvas, type Acquisition, type AcquisitionOptions } from './ct-acquisition.ts';
import { randomOf } from './random.ts';
import type { Vec3 } from './vector.ts';
import type { Dims } from './volume-blur.ts';

export interface ChestCtOptions extends AcquisitionOptions {
  /** Wishes for the nodules; their number by default is drawn from 0 to 6. */
  readonly nodules?: NoduleOptions;
}

export interface ChestCt {
  /** Hounsfield units, index = (z · rows + y) · columns + x; z upwards from the feet, y to the back, x to the patient's left. */
  readonly hu: Int16Array;
  /** Slices, rows, columns. */
  readonly dims: Dims;
  /** Millimetres between slices, rows, columns. */
  readonly spacing: Vec3;
  /** Patient position (x, y, z; mm) of the centre of voxel 0. */
  readonly origin: Vec3;
  readonly truth: ChestCtTruth;
}

export interface ChestCtTruth {
  readonly phantom: 'chest-ct';
  readonly seed: number;
  readonly nodules: readonly NoduleTruth[];
  readonly malignancyRule: string;
  readonly acquisition: Acquisition;
}

export interface NoduleTruth {
  /** Centre in the patient's system (x, y, z; mm; PS3.3 §C.7.6.2.1.1). */
  readonly centreMm: Vec3;
  /** Centre in voxels, may lie between them: slice, row, column, counted from 0 at the lowest slice. */
  readonly voxel: Vec3;
  /** Of the ball of the same volume. */
  readonly diameterMm: number;
  /** What lies in the lung; spicules not counted. */
  readonly volumeMm3: number;
  readonly kind: NoduleKind;
  readonly place: NodulePlace;
  /** HU before blur and noise, of the core if part-solid or calcified. */
  readonly attenuationHu: number;
  readonly malignant: boolean;
  readonly spicules: number;
  /** Share of the volume at least 100 HU brighter than what was there before; at least 0.6. */
  readonly visibleShare: number;
}

/**
 * Renders one phantom. The same seed and options give the same voxels on every machine.
 *
 * @param seed  whole number from 0
 * Cost: about 0.2 µs per voxel and sub-slice on one core. Limit: slices × rows × columns × 2 floats must fit into memory.
 */
export function renderChestCt(seed: number, options: ChestCtOptions = {}): ChestCt {
  const anatomy = drawAnatomy(randomOf(seed, 'anatomy'));
  const acquisition = drawAcquisition(randomOf(seed, 'acquisition'), anatomy, options);
  const { canvas, subSlices } = makeCanvas(acquisition);
  const lungs = new LungShape(anatomy);
  const zRange = [acquisition.bottom, acquisition.bottom + acquisition.slices * acquisition.sliceSpacing] as const;
  const space: LungSpace = { anatomy, lungs, zRange };

  drawTissue(canvas, anatomy, lungs);
  const vessels = drawVesselsAndAirways(canvas, anatomy, lungs, randomOf(seed, 'vessels'));
  const inView = vessels.filter(({ at }) => at[2] > zRange[0] && at[2] < zRange[1]);
  drawDistractors(canvas, space, inView, randomOf(seed, 'distractors'));
  const nodules = drawNodules(canvas, space, inView, randomOf(seed, 'nodules'), options.nodules ?? {});
  const hu = acquire(canvas, subSlices, acquisition, randomOf(seed, 'noise'));

  const { rows, columns, slices, sliceSpacing, pixel } = acquisition;
  const spacing: Vec3 = [sliceSpacing, pixel, pixel];
  const origin: Vec3 = [canvas.origin[0], canvas.origin[1], Math.round((zRange[0] + sliceSpacing / 2) * 1e4) / 1e4];
  const truth: ChestCtTruth = { phantom: 'chest-ct', seed, nodules: nodules.map((n) => truthOf(n, origin, spacing)), malignancyRule, acquisition };
  return { hu, dims: [slices, rows, columns], spacing, origin, truth };
}

function truthOf(nodule: Nodule, origin: Vec3, spacing: Vec3): NoduleTruth {
  const { centre } = nodule;
  return {
    centreMm: centre,
    voxel: [(centre[2] - origin[2]) / spacing[0], (centre[1] - origin[1]) / spacing[1], (centre[0] - origin[0]) / spacing[2]],
    diameterMm: nodule.diameter,
    volumeMm3: noduleVolume(nodule),
    kind: nodule.kind,
    place: nodule.place,
    attenuationHu: nodule.hu,
    malignant: nodule.malignant,
    spicules: nodule.spicules,
    visibleShare: nodule.visibleShare,
  };
}
