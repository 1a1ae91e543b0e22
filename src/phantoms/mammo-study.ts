/** A mammography phantom as a DICOM study: one Digital Mammography X-Ray Image, For Presentation (PS3.3 §A.27). */
import { DataSet, type Element } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { code } from './code-item.ts';
import { renderMammo, type Mammo, type MammoOptions } from './mammo.ts';
import { phantomInstance, uidSource, type PhantomStudy, type PhantomStudyOptions, type UidSource } from './phantom-study.ts';
import { projectionImage } from './projection-image.ts';
import { syntheticPatient, type SyntheticPatient } from './synthetic-patient.ts';

export interface MammoStudyOptions extends MammoOptions, PhantomStudyOptions {}

/** Digital Mammography X-Ray Image Storage – For Presentation, PS3.4 §B.5. */
const MG_FOR_PRESENTATION = '1.2.840.10008.5.1.4.1.1.1.2';

/** Height of the picture, mm. */
const FIELD_MM = 240;

export function mammoStudy(seed: number, options: MammoStudyOptions = {}): PhantomStudy {
  const uid = uidSource('mammo', seed, options), film = renderMammo(seed, options);
  const patient = syntheticPatient('MAMMO', seed, uid('accession'), options.studyDate);
  return {
    studyInstanceUid: uid('study'),
    count: 1,
    truth: { ...film.truth, studyInstanceUid: uid('study'), seriesInstanceUid: uid('series'), sopInstanceUid: uid('instance') },
    instances: () => [phantomInstance(DataSet.of([...headerElements(uid, patient), ...positionElements(film), ...imageElements(film, uid, patient)]), 'MG0001.dcm')],
  };
}

function headerElements(uid: UidSource, patient: SyntheticPatient): readonly Element[] {
  return [
    element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 100'),
    ...patient.elements,
    element(tags.PatientSex, 'CS', 'F'),
    element(tags.StudyInstanceUID, 'UI', uid('study')),
    element(tags.StudyDescription, 'LO', 'Mammography phantom'),
    element(tags.Modality, 'CS', 'MG'),
    element(tags.PresentationIntentType, 'CS', 'FOR PRESENTATION'),
    element(tags.SeriesInstanceUID, 'UI', uid('series')),
    element(tags.SeriesNumber, 'IS', 1),
    element(tags.Manufacturer, 'LO', 'PHANTOM WORKS GAMMA'),
    element(tags.ManufacturerModelName, 'LO', 'Make-believe Mammo'),
    element(tags.SoftwareVersions, 'LO', 'gamma 4'),
    element(tags.DeviceSerialNumber, 'LO', 'PHANTOM'),
    element(tags.InstitutionName, 'LO', 'Phantom Hospital'),
  ];
}

/** Which breast, seen how: PS3.3 §C.8.11.7, views of CID 4014. */
function positionElements({ truth: { laterality, view } }: Mammo): readonly Element[] {
  const viewCode = view === 'CC' ? code('SCT', '399162004', 'cranio-caudal') : code('SCT', '399368009', 'medio-lateral oblique');
  return [
    element(tags.SeriesDescription, 'LO', `${laterality} ${view}`),
    element(tags.BodyPartExamined, 'CS', 'BREAST'),
    element(tags.ImageLaterality, 'CS', laterality),
    element(tags.ViewPosition, 'CS', view),
    sequence(tags.ViewCodeSequence, viewCode.with(sequence(tags.ViewModifierCodeSequence))),
    // The nipple of a left breast points right in the picture; rows run to the front, columns to the foot or, in CC views, to the side.
    element(tags.PatientOrientation, 'CS', [laterality === 'L' ? 'A' : 'P', view === 'MLO' ? 'F' : laterality === 'L' ? 'R' : 'L']),
    sequence(tags.AnatomicRegionSequence, code('SCT', '76752008', 'Breast')),
    element(tags.PositionerType, 'CS', 'MAMMOGRAPHIC'),
    element(tags.OrganExposed, 'CS', 'BREAST'),
  ];
}

function imageElements({ width, height, pixels }: Mammo, uid: UidSource, patient: SyntheticPatient): readonly Element[] {
  const spacing = Math.round((FIELD_MM / height) * 1e4) / 1e4;
  return [
    element(tags.SOPClassUID, 'UI', MG_FOR_PRESENTATION),
    element(tags.SOPInstanceUID, 'UI', uid('instance')),
    element(tags.InstanceNumber, 'IS', 1),
    element(tags.ContentDate, 'DA', patient.studyDate),
    element(tags.ContentTime, 'TM', patient.studyTime),
    element(tags.AcquisitionDate, 'DA', patient.studyDate),
    element(tags.AcquisitionTime, 'TM', patient.studyTime),
    element(tags.ImageType, 'CS', ['ORIGINAL', 'PRIMARY', '']),
    element(tags.DetectorType, 'CS', 'DIRECT'),
    element(tags.ImagerPixelSpacing, 'DS', spacing, spacing),
    element(tags.KVP, 'DS', 28),
    element(tags.BodyPartThickness, 'DS', 55),
    element(tags.CompressionForce, 'DS', 110),
    ...projectionImage({ rows: height, columns: width, pixels, windowCenter: 1600, windowWidth: 3200 }),
  ];
}
