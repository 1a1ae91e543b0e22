/** A fundus phantom as a DICOM study: one colour photograph, Ophthalmic Photography 8 Bit Image (PS3.3 §A.41). */
import { DataSet, type Element } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { code } from './code-item.ts';
import { renderFundus, type Fundus, type FundusOptions } from './fundus.ts';
import { phantomInstance, uidSource, type PhantomStudy, type PhantomStudyOptions, type UidSource } from './phantom-study.ts';
import { syntheticPatient, type SyntheticPatient } from './synthetic-patient.ts';

export interface FundusStudyOptions extends FundusOptions, PhantomStudyOptions {}

/** Ophthalmic Photography 8 Bit Image Storage, PS3.4 §B.5. */
const OPHTHALMIC_PHOTOGRAPHY_8_BIT = '1.2.840.10008.5.1.4.1.1.77.1.5.1';

export function fundusStudy(seed: number, options: FundusStudyOptions = {}): PhantomStudy {
  const uid = uidSource('fundus', seed, options), fundus = renderFundus(seed, options);
  const patient = syntheticPatient('FUNDUS', seed, uid('accession'), options.studyDate);
  return {
    studyInstanceUid: uid('study'),
    count: 1,
    truth: { ...fundus.truth, studyInstanceUid: uid('study'), seriesInstanceUid: uid('series'), sopInstanceUid: uid('instance') },
    instances: () => [phantomInstance(DataSet.of([...headerElements(uid, patient), ...imageElements(fundus, uid, patient)]), 'OP0001.dcm')],
  };
}

function headerElements(uid: UidSource, patient: SyntheticPatient): readonly Element[] {
  return [
    element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 100'),
    ...patient.elements,
    element(tags.StudyInstanceUID, 'UI', uid('study')),
    element(tags.StudyDescription, 'LO', 'Fundus phantom'),
    element(tags.Modality, 'CS', 'OP'),
    element(tags.SeriesInstanceUID, 'UI', uid('series')),
    element(tags.SeriesNumber, 'IS', 1),
    element(tags.SeriesDescription, 'LO', 'Colour fundus'),
    element(tags.SynchronizationFrameOfReferenceUID, 'UI', uid('synchronization')),
    element(tags.SynchronizationTrigger, 'CS', 'NO TRIGGER'),
    element(tags.AcquisitionTimeSynchronized, 'CS', 'N'),
    element(tags.Manufacturer, 'LO', 'PHANTOM WORKS ALPHA'),
    element(tags.ManufacturerModelName, 'LO', 'Make-believe Retina'),
    element(tags.SoftwareVersions, 'LO', 'alpha 1.0'),
    element(tags.DeviceSerialNumber, 'LO', 'PHANTOM'),
    element(tags.InstitutionName, 'LO', 'Phantom Hospital'),
  ];
}

function imageElements({ size, rgb, truth }: Fundus, uid: UidSource, patient: SyntheticPatient): readonly Element[] {
  return [
    element(tags.SOPClassUID, 'UI', OPHTHALMIC_PHOTOGRAPHY_8_BIT),
    element(tags.SOPInstanceUID, 'UI', uid('instance')),
    element(tags.InstanceNumber, 'IS', 1),
    element(tags.ContentDate, 'DA', patient.studyDate),
    element(tags.ContentTime, 'TM', patient.studyTime),
    element(tags.AcquisitionDateTime, 'DT', `${patient.studyDate}${patient.studyTime}`),
    element(tags.ImageType, 'CS', ['ORIGINAL', 'PRIMARY', '', 'COLOR']),
    element(tags.ImageLaterality, 'CS', truth.laterality),
    element(tags.PatientOrientation, 'CS', ['L', 'F']),
    element(tags.BurnedInAnnotation, 'CS', 'NO'),
    element(tags.LossyImageCompression, 'CS', '00'),
    element(tags.PatientEyeMovementCommanded, 'CS', 'NO'),
    element(tags.HorizontalFieldOfView, 'FL', 45),
    element(tags.RefractiveStateSequence, 'SQ'),
    element(tags.EmmetropicMagnification, 'FL'),
    element(tags.IntraOcularPressure, 'FL'),
    element(tags.PupilDilated, 'CS'),
    element(tags.DetectorType, 'CS', 'CCD'),
    element(tags.IlluminationTypeCodeSequence, 'SQ'),
    element(tags.LightPathFilterTypeStackCodeSequence, 'SQ'),
    element(tags.ImagePathFilterTypeStackCodeSequence, 'SQ'),
    element(tags.LensesCodeSequence, 'SQ'),
    sequence(tags.AcquisitionDeviceTypeCodeSequence, code('SCT', '409898007', 'Fundus Camera')),
    sequence(tags.AnatomicRegionSequence, code('SCT', '5665001', 'Retina')),
    // One frame; the Multi-frame module wants a pointer all the same (PS3.3 §C.7.6.6).
    element(tags.NumberOfFrames, 'IS', 1),
    element(tags.FrameIncrementPointer, 'AT', tags.FrameTime),
    element(tags.FrameTime, 'DS', 0),
    element(tags.SamplesPerPixel, 'US', 3),
    element(tags.PhotometricInterpretation, 'CS', 'RGB'),
    element(tags.PlanarConfiguration, 'US', 0),
    element(tags.Rows, 'US', size),
    element(tags.Columns, 'US', size),
    element(tags.BitsAllocated, 'US', 8),
    element(tags.BitsStored, 'US', 8),
    element(tags.HighBit, 'US', 7),
    element(tags.PixelRepresentation, 'US', 0),
    element(tags.PixelData, 'OB', rgb),
  ];
}
