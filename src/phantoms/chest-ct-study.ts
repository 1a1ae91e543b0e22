/** A chest CT phantom as a DICOM study: one axial series of CT Images, head first supine (PS3.3 §A.3). */
import { DataSet, type Element } from '../standards/dicom/data-set.ts';
import { element } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { renderChestCt, type ChestCt, type ChestCtOptions } from './chest-ct.ts';
import { headerStyles, type HeaderStyle } from './ct-header-styles.ts';
import { phantomInstance, uidSource, type PhantomInstance, type PhantomStudy, type PhantomStudyOptions, type UidSource } from './phantom-study.ts';
import { syntheticPatient, type SyntheticPatient } from './synthetic-patient.ts';
import { randomOf } from './random.ts';

export interface ChestCtStudyOptions extends ChestCtOptions, PhantomStudyOptions {}

/** CT Image Storage, PS3.4 §B.5. */
const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2';

interface Series {
  readonly ct: ChestCt;
  readonly style: HeaderStyle;
  readonly uid: UidSource;
  readonly patient: SyntheticPatient;
  readonly exposure: { readonly kv: number; readonly tubeCurrent: number };
}

/**
 * The study of one seed. The same seed and options give the same bytes, unless `freshUids`.
 * All voxels are rendered and held (two bytes each); data sets are made one at a time.
 */
export function chestCtStudy(seed: number, options: ChestCtStudyOptions = {}): PhantomStudy {
  const uid = uidSource('chest-ct', seed, options);
  const ct = renderChestCt(seed, options);
  const random = randomOf(seed, 'header');
  const series: Series = {
    ct, uid,
    style: random.pick(headerStyles),
    patient: syntheticPatient('CHEST CT', seed, uid('accession'), options.studyDate),
    exposure: { kv: random.pick([100, 120, 120, 140]), tubeCurrent: random.int(30, 280) },
  };
  return {
    studyInstanceUid: uid('study'),
    count: ct.dims[0],
    truth: { ...ct.truth, studyInstanceUid: uid('study'), seriesInstanceUid: uid('series'), frameOfReferenceUid: uid('frame-of-reference'), instances: sopInstances(series) },
    instances: () => walk(series),
  };
}

/** SOP Instance UIDs from the lowest slice to the highest: the order of the truth's voxel coordinates. */
function sopInstances({ ct, uid }: Series): readonly string[] {
  return Array.from({ length: ct.dims[0] }, (_, slice) => uid(`instance/${slice}`));
}

function* walk(series: Series): Iterable<PhantomInstance> {
  const constant = [...patientAndStudy(series), ...seriesAndEquipment(series)];
  const count = series.ct.dims[0];
  for (let number = 1; number <= count; number++) {
    const slice = series.style.headFirst ? count - number : number - 1;
    const dataSet = DataSet.of([...constant, ...imageElements(series, slice, number), ...pixelElements(series, slice)]);
    yield phantomInstance(dataSet, `CT${String(number).padStart(4, '0')}.dcm`);
  }
}

function patientAndStudy({ uid, patient }: Series): readonly Element[] {
  return [
    element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 100'),
    ...patient.elements,
    element(tags.StudyInstanceUID, 'UI', uid('study')),
    element(tags.StudyDescription, 'LO', 'Chest CT phantom'),
  ];
}

function seriesAndEquipment({ ct, style, uid, patient, exposure }: Series): readonly Element[] {
  const { kernel, thickness } = ct.truth.acquisition;
  return [
    element(tags.Modality, 'CS', 'CT'),
    element(tags.SeriesInstanceUID, 'UI', uid('series')),
    element(tags.SeriesNumber, 'IS', 2),
    element(tags.SeriesDescription, 'LO', style.seriesDescription),
    element(tags.SeriesDate, 'DA', patient.studyDate),
    element(tags.SeriesTime, 'TM', patient.studyTime),
    element(tags.BodyPartExamined, 'CS', 'CHEST'),
    element(tags.PatientPosition, 'CS', 'HFS'),
    element(tags.ProtocolName, 'LO', 'Phantom chest'),
    element(tags.FrameOfReferenceUID, 'UI', uid('frame-of-reference')),
    element(tags.PositionReferenceIndicator, 'LO'),
    element(tags.Manufacturer, 'LO', style.manufacturer),
    element(tags.ManufacturerModelName, 'LO', style.model),
    element(tags.SoftwareVersions, 'LO', style.software),
    element(tags.DeviceSerialNumber, 'LO', 'PHANTOM'),
    element(tags.InstitutionName, 'LO', 'Phantom Hospital'),
    element(tags.StationName, 'SH', 'PHANTOM'),
    element(tags.KVP, 'DS', exposure.kv),
    element(tags.XRayTubeCurrent, 'IS', exposure.tubeCurrent),
    element(tags.ConvolutionKernel, 'SH', style.kernels[kernel]),
    element(tags.SliceThickness, 'DS', thickness),
    element(tags.GantryDetectorTilt, 'DS', 0),
    element(tags.ReconstructionDiameter, 'DS', ct.truth.acquisition.columns * ct.truth.acquisition.pixel),
    element(tags.AcquisitionNumber, 'IS', 1),
  ];
}

function imageElements({ ct, style, uid, patient }: Series, slice: number, number: number): readonly Element[] {
  const z = ct.origin[2] + slice * ct.spacing[0];
  return [
    element(tags.SOPClassUID, 'UI', CT_IMAGE),
    element(tags.SOPInstanceUID, 'UI', uid(`instance/${slice}`)),
    element(tags.ImageType, 'CS', style.imageType),
    element(tags.InstanceNumber, 'IS', number),
    element(tags.ContentDate, 'DA', patient.studyDate),
    element(tags.ContentTime, 'TM', patient.studyTime),
    element(tags.AcquisitionDate, 'DA', patient.studyDate),
    element(tags.AcquisitionTime, 'TM', patient.studyTime),
    // Spacings have at most four decimals, so positions written with four are exact.
    element(tags.ImagePositionPatient, 'DS', [ct.origin[0], ct.origin[1], z].map((mm) => Math.round(mm * 1e4) / 1e4)),
    element(tags.ImageOrientationPatient, 'DS', [1, 0, 0, 0, 1, 0]),
    element(tags.SliceLocation, 'DS', Math.round(z * 100) / 100),
    element(tags.PixelSpacing, 'DS', ct.spacing[1], ct.spacing[2]),
    element(tags.WindowCenter, 'DS', [-600, 40]),
    element(tags.WindowWidth, 'DS', [1500, 400]),
    element(tags.RescaleIntercept, 'DS', style.intercept),
    element(tags.RescaleSlope, 'DS', 1),
    ...(style.withRescaleType ? [element(tags.RescaleType, 'LO', 'HU')] : []),
  ];
}

/** Image Pixel module, PS3.3 §C.7.6.3: 16 bits allocated, little endian. */
function pixelElements({ ct, style }: Series, slice: number): readonly Element[] {
  const [, rows, columns] = ct.dims;
  const padding = style.padding === undefined ? [] : [element(tags.PixelPaddingValue, style.signed ? 'SS' : 'US', style.padding)];
  return [
    element(tags.SamplesPerPixel, 'US', 1),
    element(tags.PhotometricInterpretation, 'CS', 'MONOCHROME2'),
    element(tags.Rows, 'US', rows),
    element(tags.Columns, 'US', columns),
    element(tags.BitsAllocated, 'US', 16),
    element(tags.BitsStored, 'US', style.bitsStored),
    element(tags.HighBit, 'US', style.bitsStored - 1),
    element(tags.PixelRepresentation, 'US', style.signed ? 1 : 0),
    ...padding,
    element(tags.PixelData, 'OW', storedPixels(ct, style, slice)),
  ];
}

function storedPixels(ct: ChestCt, style: HeaderStyle, slice: number): Uint8Array {
  const [, rows, columns] = ct.dims, plane = rows * columns;
  const out = new Uint8Array(plane * 2), base = slice * plane;
  const circle2 = Math.min(rows, columns) ** 2 / 4;
  const lowest = style.signed ? -32768 : 0, highest = style.signed ? 32767 : (1 << style.bitsStored) - 1;
  for (let j = 0, q = 0; j < rows; j++) {
    const y = j - (rows - 1) / 2;
    for (let i = 0; i < columns; i++, q++) {
      const x = i - (columns - 1) / 2, wanted = ct.hu[base + q]! - style.intercept;
      const inside = style.padding === undefined || x * x + y * y <= circle2;
      const value = inside ? (wanted < lowest ? lowest : wanted > highest ? highest : wanted) : style.padding;
      out[2 * q] = value & 0xff;
      out[2 * q + 1] = (value >> 8) & 0xff;
    }
  }
  return out;
}
