/**
 * The parts of FHIR R4 (4.0.1) that the gateway writes, as types. Absent is `undefined` and never null or an empty array: both are illegal
 * in JSON (http://hl7.org/fhir/R4/json.html). `defined` drops what is undefined.
 */
export interface Coding {
  readonly system?: string;
  readonly code?: string;
  readonly display?: string;
}

export interface CodeableConcept {
  readonly coding?: readonly Coding[];
  readonly text?: string;
}

export interface Identifier {
  readonly use?: 'usual' | 'official' | 'temp' | 'secondary' | 'old';
  readonly type?: CodeableConcept;
  readonly system?: string;
  readonly value?: string;
}

export interface Reference {
  readonly reference?: string;
  readonly type?: string;
  readonly identifier?: Identifier;
  readonly display?: string;
}

export interface Quantity {
  readonly value: number;
  readonly unit?: string;
  readonly system?: string;
  readonly code?: string;
}

export interface Narrative {
  readonly status: 'generated' | 'extensions' | 'additional' | 'empty';
  readonly div: string;
}

export interface Extension {
  readonly url: string;
  readonly valueCodeableConcept?: CodeableConcept;
  readonly valueString?: string;
}

export interface Meta {
  readonly versionId?: string;
  readonly lastUpdated?: string;
  readonly profile?: readonly string[];
  readonly security?: readonly Coding[];
  readonly tag?: readonly Coding[];
}

export interface Resource {
  readonly resourceType: string;
  readonly id?: string;
  readonly meta?: Meta;
  readonly text?: Narrative;
}

export interface Attachment {
  readonly contentType: string;
  readonly language?: string;
  /** base64 without line breaks */
  readonly data?: string;
  readonly url?: string;
  /** bytes before base64 */
  readonly size?: number;
  /** base64 of SHA-1 of the bytes before base64 */
  readonly hash?: string;
  readonly title?: string;
  readonly creation?: string;
}

export interface Patient extends Resource {
  readonly resourceType: 'Patient';
  readonly identifier?: readonly Identifier[];
  readonly name?: readonly HumanName[];
  readonly gender?: 'male' | 'female' | 'other' | 'unknown';
  readonly birthDate?: string;
}

export interface HumanName {
  readonly use?: 'official';
  readonly text?: string;
  readonly family?: string;
  readonly given?: readonly string[];
  readonly prefix?: readonly string[];
  readonly suffix?: readonly string[];
}

export interface Device extends Resource {
  readonly resourceType: 'Device';
  readonly extension?: readonly Extension[];
  readonly identifier: readonly Identifier[];
  readonly status: 'active' | 'inactive' | 'entered-in-error' | 'unknown';
  readonly manufacturer?: string;
  readonly serialNumber?: string;
  readonly deviceName?: readonly { readonly name: string; readonly type: 'user-friendly-name' | 'model-name' | 'manufacturer-name' }[];
  readonly modelNumber?: string;
  readonly type?: CodeableConcept;
  readonly version?: readonly { readonly value: string }[];
  readonly note?: readonly { readonly text: string }[];
  readonly parent?: Reference;
}

export interface ImagingStudy extends Resource {
  readonly resourceType: 'ImagingStudy';
  readonly identifier: readonly Identifier[];
  readonly status: 'registered' | 'available' | 'cancelled' | 'entered-in-error' | 'unknown';
  readonly modality?: readonly Coding[];
  readonly subject: Reference;
  readonly started?: string;
  readonly basedOn?: readonly Reference[];
  readonly description?: string;
  readonly series?: readonly ImagingStudySeries[];
}

export interface ImagingStudySeries {
  /** Bare UID. */
  readonly uid: string;
  readonly number?: number;
  readonly modality: Coding;
  readonly description?: string;
  readonly numberOfInstances?: number;
  readonly instance?: readonly { readonly uid: string; readonly sopClass: Coding; readonly number?: number }[];
}

export type ReportStatus = 'registered' | 'partial' | 'preliminary' | 'final' | 'amended' | 'corrected' | 'appended' | 'cancelled' | 'entered-in-error' | 'unknown';
export type ObservationStatus = 'registered' | 'preliminary' | 'final' | 'amended' | 'corrected' | 'cancelled' | 'entered-in-error' | 'unknown';

export interface ObservationComponent {
  readonly code: CodeableConcept;
  readonly valueQuantity?: Quantity;
  readonly valueCodeableConcept?: CodeableConcept;
  readonly valueString?: string;
  readonly dataAbsentReason?: CodeableConcept;
}

export interface Observation extends Resource {
  readonly resourceType: 'Observation';
  readonly identifier: readonly Identifier[];
  readonly basedOn?: readonly Reference[];
  readonly partOf?: readonly Reference[];
  readonly status: ObservationStatus;
  readonly category: readonly CodeableConcept[];
  readonly code: CodeableConcept;
  readonly subject: Reference;
  readonly effectiveDateTime?: string;
  readonly issued?: string;
  readonly performer?: readonly Reference[];
  readonly valueQuantity?: Quantity;
  readonly valueCodeableConcept?: CodeableConcept;
  readonly valueString?: string;
  readonly dataAbsentReason?: CodeableConcept;
  readonly interpretation?: readonly CodeableConcept[];
  readonly note?: readonly { readonly text: string }[];
  readonly bodySite?: CodeableConcept;
  readonly method?: CodeableConcept;
  readonly device?: Reference;
  readonly derivedFrom?: readonly Reference[];
  readonly component?: readonly ObservationComponent[];
}

export interface DiagnosticReport extends Resource {
  readonly resourceType: 'DiagnosticReport';
  readonly identifier: readonly Identifier[];
  readonly basedOn?: readonly Reference[];
  readonly status: ReportStatus;
  readonly category: readonly CodeableConcept[];
  readonly code: CodeableConcept;
  readonly subject: Reference;
  readonly effectiveDateTime?: string;
  readonly issued?: string;
  readonly performer?: readonly Reference[];
  readonly result?: readonly Reference[];
  readonly imagingStudy?: readonly Reference[];
  readonly conclusion?: string;
  readonly conclusionCode?: readonly CodeableConcept[];
  readonly presentedForm?: readonly Attachment[];
}

export interface Provenance extends Resource {
  readonly resourceType: 'Provenance';
  readonly target: readonly Reference[];
  readonly occurredPeriod?: Period;
  readonly recorded: string;
  readonly reason?: readonly CodeableConcept[];
  readonly activity?: CodeableConcept;
  readonly agent: readonly ProvenanceAgent[];
  readonly entity?: readonly { readonly role: 'derivation' | 'revision' | 'quotation' | 'source' | 'removal'; readonly what: Reference }[];
}

export interface ProvenanceAgent {
  readonly type?: CodeableConcept;
  readonly role?: readonly CodeableConcept[];
  readonly who: Reference;
  readonly onBehalfOf?: Reference;
}

export interface Period {
  readonly start?: string;
  readonly end?: string;
}

export interface Task extends Resource {
  readonly resourceType: 'Task';
  readonly identifier: readonly Identifier[];
  readonly basedOn?: readonly Reference[];
  readonly status: 'requested' | 'accepted' | 'in-progress' | 'completed' | 'failed' | 'cancelled';
  readonly businessStatus?: CodeableConcept;
  readonly intent: 'order';
  readonly priority?: 'routine' | 'urgent' | 'asap' | 'stat';
  readonly code?: CodeableConcept;
  readonly description?: string;
  readonly focus?: Reference;
  readonly for?: Reference;
  readonly executionPeriod?: Period;
  readonly authoredOn?: string;
  readonly lastModified?: string;
  readonly owner?: Reference;
  readonly output?: readonly { readonly type: CodeableConcept; readonly valueReference: Reference }[];
}

export interface BundleEntry {
  readonly fullUrl: string;
  readonly resource: Resource;
  readonly request: { readonly method: 'PUT' | 'POST'; readonly url: string; readonly ifNoneExist?: string };
}

export interface TransactionBundle extends Resource {
  readonly resourceType: 'Bundle';
  readonly type: 'transaction';
  readonly identifier?: Identifier;
  readonly entry: readonly BundleEntry[];
}
