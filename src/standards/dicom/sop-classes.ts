import { sopClassRows } from './sop-class-table.ts';

export interface SopClass {
  readonly uid: string;
  readonly name: string;
  readonly kind: 'storage' | 'service' | 'media';
}

const byUid = new Map<string, SopClass>(sopClassRows.map(([uid, name, kind]) => [uid, { uid, name, kind }]));

/** Every SOP class the product knows by name, in the order of PS3.6 Annex A. */
export const allSopClasses: readonly SopClass[] = [...byUid.values()];

export const sopClasses = {
  verification: '1.2.840.10008.1.1',
  storageCommitmentPushModel: '1.2.840.10008.1.20.1',
  modalityPerformedProcedureStep: '1.2.840.10008.3.1.2.3.3',
  instanceAvailabilityNotification: '1.2.840.10008.5.1.4.33',
  modalityWorklistFind: '1.2.840.10008.5.1.4.31',
  patientRootFind: '1.2.840.10008.5.1.4.1.2.1.1',
  patientRootMove: '1.2.840.10008.5.1.4.1.2.1.2',
  patientRootGet: '1.2.840.10008.5.1.4.1.2.1.3',
  studyRootFind: '1.2.840.10008.5.1.4.1.2.2.1',
  studyRootMove: '1.2.840.10008.5.1.4.1.2.2.2',
  studyRootGet: '1.2.840.10008.5.1.4.1.2.2.3',
  ctImage: '1.2.840.10008.5.1.4.1.1.2',
  enhancedCtImage: '1.2.840.10008.5.1.4.1.1.2.1',
  mrImage: '1.2.840.10008.5.1.4.1.1.4',
  enhancedMrImage: '1.2.840.10008.5.1.4.1.1.4.1',
  computedRadiographyImage: '1.2.840.10008.5.1.4.1.1.1',
  digitalXRayForPresentation: '1.2.840.10008.5.1.4.1.1.1.1',
  digitalXRayForProcessing: '1.2.840.10008.5.1.4.1.1.1.1.1',
  digitalMammographyForPresentation: '1.2.840.10008.5.1.4.1.1.1.2',
  digitalMammographyForProcessing: '1.2.840.10008.5.1.4.1.1.1.2.1',
  breastTomosynthesis: '1.2.840.10008.5.1.4.1.1.13.1.3',
  secondaryCapture: '1.2.840.10008.5.1.4.1.1.7',
  multiFrameTrueColorSecondaryCapture: '1.2.840.10008.5.1.4.1.1.7.4',
  grayscaleSoftcopyPresentationState: '1.2.840.10008.5.1.4.1.1.11.1',
  colorSoftcopyPresentationState: '1.2.840.10008.5.1.4.1.1.11.2',
  ophthalmicPhotography8Bit: '1.2.840.10008.5.1.4.1.1.77.1.5.1',
  ophthalmicPhotography16Bit: '1.2.840.10008.5.1.4.1.1.77.1.5.2',
  segmentation: '1.2.840.10008.5.1.4.1.1.66.4',
  labelMapSegmentation: '1.2.840.10008.5.1.4.1.1.66.7',
  parametricMap: '1.2.840.10008.5.1.4.1.1.30',
  basicTextSr: '1.2.840.10008.5.1.4.1.1.88.11',
  enhancedSr: '1.2.840.10008.5.1.4.1.1.88.22',
  comprehensiveSr: '1.2.840.10008.5.1.4.1.1.88.33',
  comprehensive3dSr: '1.2.840.10008.5.1.4.1.1.88.34',
  mammographyCadSr: '1.2.840.10008.5.1.4.1.1.88.50',
  chestCadSr: '1.2.840.10008.5.1.4.1.1.88.65',
  keyObjectSelection: '1.2.840.10008.5.1.4.1.1.88.59',
  encapsulatedPdf: '1.2.840.10008.5.1.4.1.1.104.1',
  rawData: '1.2.840.10008.5.1.4.1.1.66',
} as const;

export function sopClassOf(uid: string): SopClass | undefined {
  return byUid.get(uid);
}

/** Name of a SOP class for people; the UID itself when it is not known. */
export function sopClassName(uid: string): string {
  return byUid.get(uid)?.name ?? uid;
}

/**
 * True for the SOP classes whose instances C-STORE and STOW-RS carry. An unknown UID under the storage arc of DICOM
 * (1.2.840.10008.5.1.4.1.1) counts: new classes appear each year. A private UID counts as well, unless `standardOnly`.
 */
export function isStorageClass(uid: string, standardOnly = false): boolean {
  const known = byUid.get(uid);
  if (known !== undefined) return known.kind === 'storage';
  if (uid.startsWith('1.2.840.10008.')) return uid.startsWith('1.2.840.10008.5.1.4.1.1.');
  return !standardOnly;
}
