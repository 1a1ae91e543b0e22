import { privateScheme, codingScheme } from '../domain/codes/coding-schemes.ts';
import { concept } from '../domain/codes/concepts.ts';
import type { Analysis } from '../domain/findings.ts';
import { DataSet } from '../standards/dicom/data-set.ts';
import type { Element } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { clipped } from './clipped.ts';
import { codeSequence } from './code-sequence.ts';
import { copiedFromSource, requiredFromSource } from './copied-modules-table.ts';
import { dicomMoment, offsetMinutes, offsetText } from './dicom-time.ts';
import { disclosure } from './disclosure.ts';
import { sourceHeader } from './result-context.ts';
import type { ObjectIdentity, ResultContext } from './result-context.ts';

export interface CommonModules {
  readonly analysis: Analysis;
  readonly context: ResultContext;
  readonly identity: ObjectIdentity;
  readonly sopClassUid: string;
  readonly modality: string;
  /** Series Description; the model is appended. */
  readonly title: string;
}

/** Modules that every result object has: Patient, Study, Series, General Equipment, SOP Common (PS3.3 §A, IHE AIR §6.5.3.1). */
export function commonModules(object: CommonModules): readonly Element[] {
  const { analysis, context, identity } = object;
  const source = analysisHeader(analysis, context);
  const minutes = offsetMinutes(source, context.times);
  const started = dicomMoment(context.times.startedAt, minutes);
  const finished = dicomMoment(context.times.finishedAt, minutes);
  return [
    ...copiedModules(source),
    element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 192'),
    element(tags.SOPClassUID, 'UI', object.sopClassUid),
    element(tags.SOPInstanceUID, 'UI', identity.sopInstanceUid),
    element(tags.TimezoneOffsetFromUTC, 'SH', offsetText(minutes)),
    element(tags.InstanceCreationDate, 'DA', finished.date),
    element(tags.InstanceCreationTime, 'TM', finished.time),
    element(tags.ContentDate, 'DA', started.date),
    element(tags.ContentTime, 'TM', started.time),
    element(tags.Modality, 'CS', object.modality),
    element(tags.SeriesInstanceUID, 'UI', identity.seriesInstanceUid),
    element(tags.SeriesNumber, 'IS', String(identity.seriesNumber)),
    element(tags.SeriesDate, 'DA', started.date),
    element(tags.SeriesTime, 'TM', started.time),
    element(tags.SeriesDescription, 'LO', clipped(`${object.title}, ${analysis.model.name} ${analysis.model.version}`, 64)),
    element(tags.InstanceNumber, 'IS', '1'),
    ...equipment(context),
    sequence(tags.ContributingEquipmentSequence, algorithmEquipment(analysis, finished.dateTime)),
    ...codingSchemes(analysis),
  ];
}

export function analysisHeader(analysis: Analysis, context: ResultContext): DataSet {
  return sourceHeader(context, analysis.source.images.map((image) => image.sopInstanceUid));
}

/** Patient and study attributes exactly as the source has them: a result with other values would be filed under another patient. */
function copiedModules(source: DataSet): readonly Element[] {
  const copied = copiedFromSource.flatMap((tag) => source.get(tag) ?? []);
  const absent = requiredFromSource.filter(([tag]) => !source.has(tag)).map(([tag, vr]): Element => ({ tag, vr, value: [] }));
  return [...copied, ...absent];
}

function equipment({ gateway }: ResultContext): readonly Element[] {
  return [
    element(tags.Manufacturer, 'LO', clipped(gateway.manufacturer, 64)),
    element(tags.ManufacturerModelName, 'LO', clipped(gateway.modelName, 64)),
    element(tags.DeviceSerialNumber, 'LO', clipped(gateway.serialNumber, 64)),
    element(tags.SoftwareVersions, 'LO', clipped(gateway.softwareVersion, 64)),
    element(tags.DeviceUID, 'UI', gateway.deviceUid),
    element(tags.StationName, 'SH', clipped(gateway.stationName, 16)),
    element(tags.InstitutionName, 'LO', clipped(gateway.institutionName, 64)),
  ];
}

/**
 * The algorithm in Contributing Equipment: purpose (109102, DCM, "Processing Equipment"), manufacturer, model, version and Device UID, each
 * equal to what the SR tree says of it (IHE AIR §6.5.3.1, G1–G7 and table 6.5.3.1-1).
 */
function algorithmEquipment({ model }: Analysis, contributedAt: string): DataSet {
  return DataSet.of([
    codeSequence(tags.PurposeOfReferenceCodeSequence, concept('purpose-processing-equipment')),
    element(tags.Manufacturer, 'LO', clipped(model.manufacturer, 64)),
    element(tags.ManufacturerModelName, 'LO', clipped(model.name, 64)),
    element(tags.SoftwareVersions, 'LO', clipped(model.version, 64)),
    element(tags.DeviceUID, 'UI', model.deviceUid),
    element(tags.ContributionDateTime, 'DT', contributedAt),
    element(tags.ContributionDescription, 'ST', clipped(disclosure(model), 1024)),
  ]);
}

/** PS3.3 §C.12.1.1.2: private designators are explained in the object that uses them. */
function codingSchemes(analysis: Analysis): readonly Element[] {
  if (!JSON.stringify(analysis, (key, value: unknown) => (key === 'frames' ? [] : value)).includes(`"${privateScheme}"`)) return [];
  const scheme = codingScheme(privateScheme);
  const item = DataSet.of([
    element(tags.CodingSchemeDesignator, 'SH', privateScheme),
    element(tags.CodingSchemeUID, 'UI', scheme?.uid ?? ''),
    element(tags.CodingSchemeName, 'ST', scheme?.name ?? privateScheme),
    element(tags.CodingSchemeResponsibleOrganization, 'ST', 'isocenter'),
  ]);
  return [sequence(tags.CodingSchemeIdentificationSequence, item)];
}
