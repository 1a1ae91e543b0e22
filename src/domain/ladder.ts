/**
 * The forms in which a run can be told to a system that takes DICOM, best first: Comprehensive 3D SR, Comprehensive SR (2-D coordinates), SEG,
 * presentation state, key objects, parametric map, Secondary Capture, Encapsulated PDF.
 */
export const forms = ['sr3d', 'sr', 'seg', 'gsps', 'ko', 'pm', 'sc', 'pdf'] as const;

export type Form = (typeof forms)[number];

/** SOP class of each form. */
export const sopClassOfForm: Readonly<Record<Form, string>> = {
  sr3d: '1.2.840.10008.5.1.4.1.1.88.34',
  sr: '1.2.840.10008.5.1.4.1.1.88.33',
  seg: '1.2.840.10008.5.1.4.1.1.66.4',
  gsps: '1.2.840.10008.5.1.4.1.1.11.1',
  ko: '1.2.840.10008.5.1.4.1.1.88.59',
  pm: '1.2.840.10008.5.1.4.1.1.30',
  sc: '1.2.840.10008.5.1.4.1.1.7',
  pdf: '1.2.840.10008.5.1.4.1.1.104.1',
};

/** What a destination takes, as far as is known. */
export interface CapabilityProfile {
  /** `configured`: the list is the site's word. `auto`: what nobody has refused is taken for accepted. */
  readonly source: 'configured' | 'auto';
  /** Configured: the whole list. Auto: what the peer has accepted, in an association or by storing it. */
  readonly accepted: ReadonlySet<Form>;
  /** Auto: what the peer has refused. */
  readonly refused: ReadonlySet<Form>;
  /** Sent in any case, beside what the ladder chooses. */
  readonly also: ReadonlySet<Form>;
}

/** What a peer said of one SOP class. */
export interface AcceptedClass {
  readonly sopClassUid: string;
  readonly accepted: boolean;
}

/** The profile of a destination that is found out: what it accepted and what it refused, of the SOP classes it was asked about or sent. */
export function learnedProfile(said: readonly AcceptedClass[], also: readonly Form[] = []): CapabilityProfile {
  const of = (accepted: boolean): ReadonlySet<Form> => new Set(forms.filter((form) => said.some((row) => row.sopClassUid === sopClassOfForm[form] && row.accepted === accepted)));
  return { source: 'auto', accepted: of(true), refused: of(false), also: new Set(also) };
}

export type Rung = 'report' | 'overlay' | 'picture' | 'document' | 'none';

export interface Rendition {
  readonly rung: Rung;
  /** In the order in which they are sent: what others refer to comes first. */
  readonly forms: readonly Form[];
  /** One sentence for the ledger and the page. */
  readonly why: string;
}

const sendingOrder: readonly Form[] = ['seg', 'pm', 'sr3d', 'sr', 'gsps', 'ko', 'sc', 'pdf'];

/**
 * Which forms of a run go to a destination: SR with SEG → presentation state (with key objects) → Secondary Capture → Encapsulated PDF. The
 * first rung of which the destination takes the carrier; a SEG goes along wherever it is taken, and where an SR goes without its SEG
 * the overlay stands in.
 *
 * @param available forms that this run has: nothing to draw means no presentation state
 */
export function chooseRendition(profile: CapabilityProfile, available: ReadonlySet<Form>): Rendition {
  const takes = (form: Form): boolean => available.has(form) && (profile.source === 'configured' ? profile.accepted.has(form) : !profile.refused.has(form));
  const rung = rungOf(takes);
  const chosen = new Set<Form>([...carriers(rung, takes, available), ...[...profile.also].filter((form) => available.has(form))]);
  return { rung, forms: sendingOrder.filter((form) => chosen.has(form)), why: reason(rung, profile, available) };
}

/** Forms that may be needed when a destination of which little is known refuses the first choice: every rung below it. */
export function spareForms(profile: CapabilityProfile, available: ReadonlySet<Form>): readonly Form[] {
  if (profile.source === 'configured') return [];
  const chosen = chooseRendition(profile, available);
  if (chosen.rung === 'none' || chosen.forms.every((form) => profile.accepted.has(form))) return [];
  return (['sr', 'gsps', 'sc', 'pdf'] as const).filter((form) => available.has(form) && !profile.refused.has(form) && !chosen.forms.includes(form));
}

function rungOf(takes: (form: Form) => boolean): Rung {
  if (takes('sr3d') || takes('sr')) return 'report';
  if (takes('gsps')) return 'overlay';
  if (takes('sc')) return 'picture';
  return takes('pdf') ? 'document' : 'none';
}

function carriers(rung: Rung, takes: (form: Form) => boolean, available: ReadonlySet<Form>): readonly Form[] {
  const region: readonly Form[] = takes('seg') ? ['seg'] : [];
  switch (rung) {
    case 'report':
      return [takes('sr3d') ? 'sr3d' : 'sr', ...region, ...(available.has('seg') && region.length === 0 && takes('gsps') ? ['gsps' as const] : [])];
    case 'overlay':
      return ['gsps', ...region, ...(takes('ko') ? ['ko' as const] : [])];
    case 'picture':
      return ['sc', ...region];
    case 'document':
      return ['pdf', ...region];
    case 'none':
      return region;
  }
}

const names: Readonly<Record<Form, string>> = {
  sr3d: 'Comprehensive 3D SR', sr: 'Comprehensive SR', seg: 'SEG', gsps: 'presentation states', ko: 'key objects', pm: 'parametric maps', sc: 'Secondary Capture', pdf: 'Encapsulated PDF',
};

/** What would have been better than each rung. */
const above: Readonly<Record<Rung, readonly Form[]>> = {
  report: ['sr3d', 'seg'],
  overlay: ['sr3d', 'sr'],
  picture: ['sr3d', 'sr', 'gsps'],
  document: ['sr3d', 'sr', 'gsps', 'sc'],
  none: ['sr3d', 'sr', 'gsps', 'sc', 'pdf'],
};

function reason(rung: Rung, profile: CapabilityProfile, available: ReadonlySet<Form>): string {
  const refused = above[rung].filter((form) => available.has(form) && (profile.source === 'configured' ? !profile.accepted.has(form) : profile.refused.has(form)));
  const because = refused.length === 0 ? '' : ` ${profile.source === 'configured' ? 'its configuration leaves out' : 'it refuses'} ${refused.map((form) => names[form]).join(', ')}`;
  switch (rung) {
    case 'report':
      return refused.length === 0 ? `report and regions: ${knowledge(profile)}` : `report:${because}`;
    case 'overlay':
      return `overlay instead of a report:${because}`;
    case 'picture':
      return `picture instead of a report:${because}${available.has('gsps') ? '' : '; there is nothing to draw over an image'}`;
    case 'document':
      return `document instead of a report:${because}`;
    case 'none':
      return `no form of this result is taken:${because}`;
  }
}

function knowledge({ source, accepted }: CapabilityProfile): string {
  if (source === 'configured') return 'its configuration names them';
  return accepted.size === 0 ? 'nothing is known against it yet' : 'it has accepted them before';
}
