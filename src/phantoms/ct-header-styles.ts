/** How four makes of scanner write the same image: what differs in the field is written differently here, too. */
import type { Kernel } from './ct-acquisition.ts';

export interface HeaderStyle {
  readonly manufacturer: string;
  readonly model: string;
  readonly software: string;
  readonly kernels: Readonly<Record<Kernel, string>>;
  readonly imageType: readonly string[];
  /** Pixel Representation 1: stored values are signed. */
  readonly signed: boolean;
  readonly bitsStored: 12 | 16;
  /** HU of stored value 0. */
  readonly intercept: number;
  /** Stored outside the circle of reconstruction, with Pixel Padding Value; undefined: air is stored there. */
  readonly padding: number | undefined;
  /** Instance Number 1 is the highest slice. */
  readonly headFirst: boolean;
  readonly seriesDescription: string;
  readonly withRescaleType: boolean;
}

/** Invented makes: no product is meant, but each oddity has been met in files of real scanners. */
export const headerStyles: readonly [HeaderStyle, ...HeaderStyle[]] = [
  {
    manufacturer: 'PHANTOM WORKS ALPHA', model: 'Definitely Not A Scanner 64', software: 'alpha 1.0',
    kernels: { soft: 'B31f', standard: 'B50f', sharp: 'B70f' }, imageType: ['ORIGINAL', 'PRIMARY', 'AXIAL', 'CT_SOM5 SPI'],
    signed: false, bitsStored: 12, intercept: -1024, padding: undefined, headFirst: true, seriesDescription: 'Thorax', withRescaleType: false,
  },
  {
    manufacturer: 'PHANTOM WORKS BETA', model: 'Paper Speed 16', software: 'beta 2.3',
    kernels: { soft: 'SOFT', standard: 'STANDARD', sharp: 'LUNG' }, imageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
    signed: true, bitsStored: 16, intercept: -1024, padding: -2000, headFirst: true, seriesDescription: 'CHEST W/O', withRescaleType: true,
  },
  {
    manufacturer: 'PHANTOM WORKS GAMMA', model: 'Imaginary 256', software: 'gamma 4',
    kernels: { soft: 'A', standard: 'B', sharp: 'YC' }, imageType: ['ORIGINAL', 'PRIMARY', 'AXIAL', 'HELIX'],
    signed: false, bitsStored: 12, intercept: -1000, padding: undefined, headFirst: false, seriesDescription: 'CHEST ROUTINE', withRescaleType: true,
  },
  {
    manufacturer: 'PHANTOM WORKS DELTA', model: 'Unreal One', software: 'delta 7',
    kernels: { soft: 'FC08', standard: 'FC18', sharp: 'FC51' }, imageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
    signed: true, bitsStored: 16, intercept: 0, padding: undefined, headFirst: true, seriesDescription: 'LUNG 1.0', withRescaleType: false,
  },
];
