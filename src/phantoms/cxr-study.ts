/** A chest radiograph phantom as a DICOM study: one Digital X-Ray Image, For Presentation (PS3.3 §A.26). */
import { DataSet, type Element } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { code } from './code-item.ts';
import { renderCxr, type Cxr, type CxrOptions } from './cxr.ts';
import { phantomInstance, uidSource, type PhantomStudy, type PhantomStudyOptions, type UidSource } from './phantom-study.ts';
import { projectionImage } from './projection-image.ts';
import { syntheticPatient, type SyntheticPatient } from './synthetic-patient.ts';

export interface CxrStudyOptions extends CxrOptions, PhantomStudyOptions {}

/** Digital X-Ray Image Storage – For Presentation, PS3.4 §B.5. */
const DX_FOR_PRESENTATION = '1.2.840.10008.5.1.4.1.1.1.1';

/** Of the square picture's side, mm. */
const FIELD_MM = 430;

export function cxrStudy(seed: number, options: CxrStudyOptions = {}): PhantomStudy {
  const uid = uidSource('cxr', seed, options), film = renderCxr(seed, options);
  const patient = syntheticPatient('CHEST XR', seed, uid('accession'), options.studyDate);
  return {
    studyInstanceUid: uid('study'),
    count: 1,
    truth: { ...film.truth, studyInstanceUid: uid('study'), seriesInstanceUid: uid('series'), sopInstanceUid: uid('instance') },
    instances: () => [phantomInstance(DataSet.of([...headerElements(uid, patient), ...imageElements(film, uid, patient)]), 'DX0001.dcm')],
  };
}

function headerElements(uid: UidSource, patient: SyntheticPatient): readonly Element[] {
  return [
    element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 100'),
    ...patient.elements,
    element(tags.StudyInstanceUID, 'UI', uid('study')),
    element(tags.StudyDescription, 'LO', 'Chest radiograph phantom'),
    element(tags.Modality, 'CS', 'DX'),
    element(tags.PresentationIntentType, 'CS', 'FOR PRESENTATION'),
    element(tags.SeriesInstanceUID, 'UI', uid('series')),
    element(tags.SeriesNumber, 'IS', 1),
    element(tags.SeriesDescription, 'LO', 'Chest PA'),
    element(tags.Manufacturer, 'LO', 'PHANTOM WORKS BETA'),
    element(tags.ManufacturerModelName, 'LO', 'Make-believe DR'),
    element(tags.SoftwareVersions, 'LO', 'beta 2.3'),
    element(tags.DeviceSerialNumber, 'LO', 'PHANTOM'),
    element(tags.InstitutionName, 'LO', 'Phantom Hospital'),
  ];
}

function imageElements({ size, pixels }: Cxr, uid: UidSource, patient: SyntheticPatient): readonly Element[] {
  const spacing = Math.round((FIELD_MM / size) * 1e4) / 1e4;
  return [
    element(tags.SOPClassUID, 'UI', DX_FOR_PRESENTATION),
    element(tags.SOPInstanceUID, 'UI', uid('instance')),
    element(tags.InstanceNumber, 'IS', 1),
    element(tags.ContentDate, 'DA', patient.studyDate),
    element(tags.ContentTime, 'TM', patient.studyTime),
    element(tags.AcquisitionDate, 'DA', patient.studyDate),
    element(tags.AcquisitionTime, 'TM', patient.studyTime),
    element(tags.ImageType, 'CS', ['ORIGINAL', 'PRIMARY', '']),
    element(tags.BodyPartExamined, 'CS', 'CHEST'),
    sequence(tags.AnatomicRegionSequence, code('SCT', '816094009', 'Chest')),
    element(tags.ImageLaterality, 'CS', 'U'),
    element(tags.ViewPosition, 'CS', 'PA'),
    sequence(tags.ViewCodeSequence, code('SCT', '399348003', 'postero-anterior')),
    element(tags.PatientOrientation, 'CS', ['L', 'F']),
    element(tags.DetectorType, 'CS', 'DIRECT'),
    element(tags.ImagerPixelSpacing, 'DS', spacing, spacing),
    element(tags.PixelSpacing, 'DS', spacing, spacing),
    element(tags.PositionerType, 'CS', 'COLUMN'),
    element(tags.KVP, 'DS', 120),
    ...projectionImage({ rows: size, columns: size, pixels, windowCenter: 1700, windowWidth: 3600 }),
  ];
}
