import { tags } from '../standards/dicom/tags.ts';
import { defined } from '../standards/fhir/json.ts';
import type { CodeableConcept, Coding, Device, ImagingStudy, ImagingStudySeries } from '../standards/fhir/resources.ts';
import { clipped } from './clipped.ts';
import { accessionIdentifier, dicomUidSystem } from './fhir-request.ts';
import type { FhirScene } from './fhir-request.ts';
import type { ObjectIdentity } from './result-context.ts';
import { segmentationStorage } from './segmentation.ts';
import { comprehensive3DSr } from './structured-report.ts';

/** HL7 AI Transparency 1.0: fixed type of a Device that is an algorithm, and role of the agent in its Provenance (F3, F4). */
export const aiDeviceType: CodeableConcept = {
  coding: [{ system: 'http://hl7.org/fhir/uv/aitransparency/CodeSystem/AIdeviceTypeCS', code: 'Artificial-Intelligence', display: 'Artificial Intelligence' }],
};

/** The deployed algorithm; its identifier is the Device UID that the SR and Contributing Equipment carry. */
export function modelDevice({ request: { analysis }, references }: FhirScene): Device {
  const { model } = analysis;
  return defined<Device>({
    resourceType: 'Device',
    identifier: [{ system: dicomUidSystem, value: `urn:oid:${model.deviceUid}` }],
    status: 'active',
    manufacturer: model.manufacturer,
    deviceName: [{ name: model.name, type: 'model-name' }],
    modelNumber: model.id,
    type: aiDeviceType,
    version: [{ value: model.version }],
    note: [{ text: model.regulatoryStatus }, { text: `SHA-256 of manifest and files: ${model.digest}` }],
    parent: references.gateway,
  });
}

export function gatewayDevice({ request: { context } }: FhirScene): Device {
  const { gateway } = context;
  return defined<Device>({
    resourceType: 'Device',
    identifier: [{ system: dicomUidSystem, value: `urn:oid:${gateway.deviceUid}` }],
    status: 'active',
    manufacturer: gateway.manufacturer,
    serialNumber: gateway.serialNumber,
    deviceName: [{ name: gateway.modelName, type: 'model-name' }],
    type: { text: 'Imaging AI gateway' },
    version: [{ value: gateway.softwareVersion }],
  });
}

/** The study as far as this run knows it: the analysed series and the series it made. Only written where the EHR has none. */
export function imagingStudy(scene: FhirScene): ImagingStudy {
  const { analysis, report, segmentation, options } = scene.request;
  const { source } = scene;
  const accession = accessionIdentifier(source, options);
  const modalities = [analysis.source.modality, 'SR', ...(segmentation === null ? [] : ['SEG'])];
  return defined<ImagingStudy>({
    resourceType: 'ImagingStudy',
    identifier: [{ use: 'official', system: dicomUidSystem, value: `urn:oid:${analysis.source.studyInstanceUid}` }, ...(accession === undefined ? [] : [accession])],
    status: 'available',
    modality: modalities.map(modality),
    subject: scene.subject,
    started: scene.effective,
    basedOn: scene.basedOn,
    description: clipped(source.string(tags.StudyDescription) ?? '', 64),
    series: [
      defined<ImagingStudySeries>({
        uid: analysis.source.seriesInstanceUid,
        number: source.number(tags.SeriesNumber),
        modality: modality(analysis.source.modality),
        description: clipped(source.string(tags.SeriesDescription) ?? '', 64),
      }),
      resultSeries(report, 'SR', comprehensive3DSr),
      ...(segmentation === null ? [] : [resultSeries(segmentation, 'SEG', segmentationStorage)]),
    ],
  });
}

function resultSeries(identity: ObjectIdentity, code: string, sopClassUid: string): ImagingStudySeries {
  return {
    uid: identity.seriesInstanceUid,
    number: identity.seriesNumber,
    modality: modality(code),
    numberOfInstances: 1,
    instance: [{ uid: identity.sopInstanceUid, sopClass: { system: 'urn:ietf:rfc:3986', code: `urn:oid:${sopClassUid}` }, number: 1 }],
  };
}

function modality(code: string): Coding {
  return { system: 'http://dicom.nema.org/resources/ontology/DCM', code };
}
