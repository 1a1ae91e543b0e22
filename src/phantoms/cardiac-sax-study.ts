/** A short-axis cine phantom as a DICOM study: one MR series, an instance for each slice and phase (PS3.3 §A.4). */
import { DataSet, type Element } from '../standards/dicom/data-set.ts';
import { element } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { renderCardiacSax, type CardiacSax, type CardiacSaxOptions } from './cardiac-sax.ts';
import { phantomInstance, uidSource, type PhantomInstance, type PhantomStudy, type PhantomStudyOptions, type UidSource } from './phantom-study.ts';
import { randomOf } from './random.ts';
import { syntheticPatient, type SyntheticPatient } from './synthetic-patient.ts';
import { cross, dot, minus, plus, scaled, unit, type Vec3 } from './vector.ts';

export interface CardiacSaxStudyOptions extends CardiacSaxOptions, PhantomStudyOptions {}

/** MR Image Storage, PS3.4 §B.5. */
const MR_IMAGE = '1.2.840.10008.5.1.4.1.1.4';

interface Series {
  readonly cine: CardiacSax;
  readonly uid: UidSource;
  readonly patient: SyntheticPatient;
  readonly frame: SaxFrame;
  /** Of the heart cycle, ms. */
  readonly interval: number;
}

/** Where the images lie in the patient: row and column directions, base-to-apex direction, middle of the base. */
interface SaxFrame {
  readonly row: Vec3;
  readonly column: Vec3;
  readonly apex: Vec3;
  readonly base: Vec3;
}

export function cardiacSaxStudy(seed: number, options: CardiacSaxStudyOptions = {}): PhantomStudy {
  const uid = uidSource('cardiac-sax', seed, options), random = randomOf(seed, 'header');
  const cine = renderCardiacSax(seed, options);
  const apex = unit([random.uniform(0.5, 0.75), random.uniform(-0.65, -0.4), random.uniform(-0.6, -0.35)]);
  const series: Series = {
    cine, uid,
    frame: frameAround(apex, [random.uniform(25, 45), random.uniform(-40, -15), random.uniform(-20, 20)]),
    patient: syntheticPatient('CARDIAC MR', seed, uid('accession'), options.studyDate),
    interval: random.int(650, 1150),
  };
  return {
    studyInstanceUid: uid('study'),
    count: cine.slices * cine.phases,
    truth: { ...cine.truth, studyInstanceUid: uid('study'), seriesInstanceUid: uid('series') },
    instances: () => walk(series),
  };
}

/** The image's right is towards the lateral wall, its lower edge towards the feet: how short axes are usually shown. */
function frameAround(apex: Vec3, base: Vec3): SaxFrame {
  const lateral: Vec3 = [0.7, 0.7, 0.1];
  const row = unit(minus(lateral, scaled(apex, dot(lateral, apex))));
  const column = cross(apex, row);
  return { row, column: column[2] > 0 ? scaled(column, -1) : column, apex, base };
}

function* walk(series: Series): Iterable<PhantomInstance> {
  const { cine } = series, constant = constantElements(series);
  for (let slice = 0, number = 1; slice < cine.slices; slice++)
    for (let phase = 0; phase < cine.phases; phase++, number++) {
      const dataSet = DataSet.of([...constant, ...imageElements(series, slice, phase, number)]);
      yield phantomInstance(dataSet, `MR${String(number).padStart(4, '0')}.dcm`);
    }
}

function constantElements({ cine, uid, patient, frame, interval }: Series): readonly Element[] {
  return [
    element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 100'),
    ...patient.elements,
    element(tags.StudyInstanceUID, 'UI', uid('study')),
    element(tags.StudyDescription, 'LO', 'Cardiac MR phantom'),
    element(tags.SOPClassUID, 'UI', MR_IMAGE),
    element(tags.Modality, 'CS', 'MR'),
    element(tags.SeriesInstanceUID, 'UI', uid('series')),
    element(tags.SeriesNumber, 'IS', 5),
    element(tags.SeriesDescription, 'LO', 'cine SAX stack'),
    element(tags.ProtocolName, 'LO', 'Phantom cine SAX'),
    element(tags.BodyPartExamined, 'CS', 'HEART'),
    element(tags.PatientPosition, 'CS', 'HFS'),
    element(tags.FrameOfReferenceUID, 'UI', uid('frame-of-reference')),
    element(tags.PositionReferenceIndicator, 'LO'),
    element(tags.Manufacturer, 'LO', 'PHANTOM WORKS ALPHA'),
    element(tags.ManufacturerModelName, 'LO', 'Make-believe 1.5T'),
    element(tags.SoftwareVersions, 'LO', 'alpha 1.0'),
    element(tags.DeviceSerialNumber, 'LO', 'PHANTOM'),
    element(tags.InstitutionName, 'LO', 'Phantom Hospital'),
    element(tags.ImageType, 'CS', ['ORIGINAL', 'PRIMARY', 'M', 'RETRO']),
    element(tags.ScanningSequence, 'CS', 'GR'),
    element(tags.SequenceVariant, 'CS', ['SK', 'SS']),
    element(tags.ScanOptions, 'CS', 'CG'),
    element(tags.MRAcquisitionType, 'CS', '2D'),
    element(tags.SequenceName, 'SH', 'tfi2d1'),
    element(tags.RepetitionTime, 'DS', Math.round(interval / cine.phases)),
    element(tags.EchoTime, 'DS', 1.4),
    element(tags.EchoTrainLength, 'IS', 1),
    element(tags.FlipAngle, 'DS', 60),
    element(tags.MagneticFieldStrength, 'DS', 1.5),
    element(tags.HeartRate, 'IS', Math.round(60000 / interval)),
    element(tags.NominalInterval, 'IS', interval),
    element(tags.CardiacNumberOfImages, 'IS', cine.phases),
    element(tags.SliceThickness, 'DS', cine.thickness),
    element(tags.SpacingBetweenSlices, 'DS', cine.sliceSpacing),
    element(tags.PixelSpacing, 'DS', cine.pixel, cine.pixel),
    element(tags.ImageOrientationPatient, 'DS', [...frame.row, ...frame.column].map((v) => Math.round(v * 1e8) / 1e8)),
    element(tags.AcquisitionNumber, 'IS', 1),
    element(tags.SeriesDate, 'DA', patient.studyDate),
    element(tags.SeriesTime, 'TM', patient.studyTime),
    element(tags.ContentDate, 'DA', patient.studyDate),
    element(tags.ContentTime, 'TM', patient.studyTime),
    element(tags.SamplesPerPixel, 'US', 1),
    element(tags.PhotometricInterpretation, 'CS', 'MONOCHROME2'),
    element(tags.Rows, 'US', cine.matrix),
    element(tags.Columns, 'US', cine.matrix),
    element(tags.BitsAllocated, 'US', 16),
    element(tags.BitsStored, 'US', 12),
    element(tags.HighBit, 'US', 11),
    element(tags.PixelRepresentation, 'US', 0),
    element(tags.WindowCenter, 'DS', 1000),
    element(tags.WindowWidth, 'DS', 2200),
  ];
}

function imageElements({ cine, uid, frame, interval }: Series, slice: number, phase: number, number: number): readonly Element[] {
  const middle = plus(frame.base, frame.apex, (slice - 1) * cine.sliceSpacing);
  const half = (-(cine.matrix - 1) / 2) * cine.pixel;
  const corner = plus(plus(middle, frame.row, half), frame.column, half);
  const pixels = cine.image(phase, slice);
  return [
    element(tags.SOPInstanceUID, 'UI', uid(`instance/${slice}/${phase}`)),
    element(tags.InstanceNumber, 'IS', number),
    element(tags.TriggerTime, 'DS', Math.round((phase * interval) / cine.phases)),
    element(tags.ImagePositionPatient, 'DS', corner.map((mm) => Math.round(mm * 1e5) / 1e5)),
    element(tags.SliceLocation, 'DS', slice * cine.sliceSpacing),
    element(tags.PixelData, 'OW', new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength)),
  ];
}
