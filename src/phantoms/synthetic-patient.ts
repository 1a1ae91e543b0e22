/** People who do not exist: the patient and study header of a phantom. */
import type { Element } from '../standards/dicom/data-set.ts';
import { element } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { randomOf } from './random.ts';

export interface SyntheticPatient {
  readonly studyDate: string;
  readonly studyTime: string;
  /** Patient and General Study modules without the Study Instance UID, PS3.3 §C.7.1.1, §C.7.2.1. */
  readonly elements: readonly Element[];
}

/**
 * @param what          the phantom, becomes the given name: PHANTOM^CHEST CT
 * @param accessionUid  a UID whose last digits make the Accession Number: other UIDs, another order
 * @param studyDate     YYYYMMDD; default a day of 2025, by the seed
 */
export function syntheticPatient(what: string, seed: number, accessionUid: string, studyDate?: string): SyntheticPatient {
  const random = randomOf(seed, 'patient');
  const day = dateOf(2025, random.int(0, 364)), age = random.int(40, 84);
  const studyTime = `${two(random.int(7, 18))}${two(random.int(0, 59))}${two(random.int(0, 59))}`;
  const birthDate = dateOf(2025 - age, random.int(0, 364));
  const date = studyDate ?? day;
  return {
    studyDate: date,
    studyTime,
    elements: [
      element(tags.PatientName, 'PN', `PHANTOM^${what}^${seed}`),
      element(tags.PatientID, 'LO', `PHANTOM-${what.replaceAll(' ', '-')}-${seed}`),
      element(tags.PatientBirthDate, 'DA', birthDate),
      element(tags.PatientSex, 'CS', random.pick(['F', 'M'])),
      element(tags.PatientAge, 'AS', `${String(yearsBetween(birthDate, date)).padStart(3, '0')}Y`),
      element(tags.PatientSize, 'DS', random.int(150, 195) / 100),
      element(tags.PatientWeight, 'DS', random.int(48, 110)),
      element(tags.StudyDate, 'DA', date),
      element(tags.StudyTime, 'TM', studyTime),
      element(tags.StudyID, 'SH', `P${seed % 1e9}`),
      element(tags.AccessionNumber, 'SH', `PH${accessionUid.slice(-10)}`),
      element(tags.ReferringPhysicianName, 'PN', 'PHANTOM^REFERRER'),
    ],
  };
}

function dateOf(year: number, day: number): string {
  return new Date(Date.UTC(year, 0, 1 + day)).toISOString().slice(0, 10).replaceAll('-', '');
}

function yearsBetween(birth: string, date: string): number {
  return Number(date.slice(0, 4)) - Number(birth.slice(0, 4)) - (date.slice(4) < birth.slice(4) ? 1 : 0);
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
