import type { SeriesTraits } from '../domain/eligibility.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';
import { buildGeometry, cross, type FramePlane, type VolumeGeometry } from './geometry.ts';
import { describeImage } from './image-frames.ts';
import { planeKind } from './orient.ts';

/**
 * Reads from the headers of one series what eligibility asks for.
 *
 * @param images  at least one data set of the series; pixel data is not looked at and may be missing
 */
export function seriesTraits(images: readonly DataSet[]): SeriesTraits {
  const first = images[0];
  if (first === undefined) throw new RangeError('a series has at least one image');
  const text = (tag: number) => images.map((image) => image.string(tag)).find((value) => value !== undefined && value !== '') ?? '';
  const planes = images.flatMap(planesOf);
  const geometry = buildGeometry(planes);
  const volume = geometry.ok ? geometry.value : null;
  const kind = planes[0] === undefined ? null : planeKind(cross(planes[0].rowDirection, planes[0].columnDirection));
  return {
    seriesInstanceUid: text(tags.SeriesInstanceUID),
    modality: text(tags.Modality),
    sopClassUids: [...new Set(images.map((image) => image.string(tags.SOPClassUID) ?? ''))],
    bodyPart: text(tags.BodyPartExamined),
    seriesDescription: text(tags.SeriesDescription),
    studyDescription: text(tags.StudyDescription),
    protocolName: text(tags.ProtocolName),
    imageType: [...new Set(images.flatMap((image) => image.strings(tags.ImageType)))],
    orientation: kind === null ? null : { plane: (['sagittal', 'coronal', 'axial'] as const)[kind.axis], obliqueDeg: kind.obliqueDeg },
    sliceThicknessMm: thicknessOf(first),
    sliceSpacingMm: volume?.spacing[0] ?? null,
    pixelSpacingMm: planes[0]?.columnSpacing ?? null,
    coverageMm: coverageOf(volume),
    slices: Math.max(planes.length, images.length),
    patientAgeYears: ageOf(text(tags.PatientAge)),
    kernel: text(tags.ConvolutionKernel),
    lossy: images.some((image) => image.string(tags.LossyImageCompression) === '01'),
    acquiredAt: `${text(tags.SeriesDate)}${text(tags.SeriesTime)}`.replaceAll(/\D/g, ''),
  };
}

/** Age in years of an Age String (PS3.5 §6.2: nnnD, nnnW, nnnM or nnnY); null when it is not one. */
export function ageOf(text: string): number | null {
  const match = /^(\d{3})([DWMY])$/.exec(text);
  if (match === null) return null;
  const perYear = { D: 365.25, W: 52.18, M: 12, Y: 1 }[match[2] as 'D' | 'W' | 'M' | 'Y'];
  return Number(match[1]) / perYear;
}

function planesOf(image: DataSet): FramePlane[] {
  const described = describeImage(image);
  return described.ok ? described.value.frames.flatMap((frame) => frame.plane ?? []) : [];
}

function thicknessOf(image: DataSet): number | null {
  const shared = image.items(tags.SharedFunctionalGroupsSequence)[0]?.items(tags.PixelMeasuresSequence)[0];
  return image.number(tags.SliceThickness) ?? shared?.number(tags.SliceThickness) ?? null;
}

function coverageOf(volume: VolumeGeometry | null): number | null {
  return volume === null ? null : volume.sliceOffsets.at(-1)! + volume.spacing[0];
}
