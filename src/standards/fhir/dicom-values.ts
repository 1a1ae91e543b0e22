import type { HumanName } from './resources.ts';

/**
 * DA and TM as FHIR dateTime with zone (a dateTime with a time must have one). Without a usable time the date alone; undefined without a
 * usable date.
 *
 * @param utcOffsetMinutes of the DICOM values
 */
export function fhirDateTime(date: string | undefined, time: string | undefined, utcOffsetMinutes: number): string | undefined {
  const day = fhirDate(date);
  const clock = /^(\d\d):?(\d\d)(?::?(\d\d))?/.exec(time?.trim() ?? '');
  if (day === undefined || clock === null) return day;
  const [hour, minute, second] = [clock[1]!, clock[2]!, clock[3] ?? '00'];
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return day;
  return `${day}T${hour}:${minute}:${second === '60' ? '59' : second}${zone(utcOffsetMinutes)}`;
}

/** DA as FHIR date; undefined when it is no calendar date. The old form YYYY.MM.DD of ACR-NEMA is taken too. */
export function fhirDate(date: string | undefined): string | undefined {
  const match = /^(\d{4})\.?(\d\d)\.?(\d\d)$/.exec(date?.trim() ?? '');
  if (match === null) return undefined;
  const text = `${match[1]}-${match[2]}-${match[3]}`;
  const parsed = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text) ? text : undefined;
}

/** FHIR instant, whole seconds, in the given zone. */
export function fhirInstant(instant: Date, utcOffsetMinutes: number): string {
  return new Date(instant.getTime() + utcOffsetMinutes * 60_000).toISOString().slice(0, 19) + zone(utcOffsetMinutes);
}

/** First group with content of a PN (alphabetic, ideographic, phonetic; PS3.5 §6.2.1) as HumanName. */
export function humanName(personName: string | undefined): HumanName | undefined {
  const group = (personName ?? '').split('=').find((part) => part.replaceAll('^', '').trim() !== '');
  if (group === undefined) return undefined;
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = group.split('^').map((part) => part.trim());
  const words = [given, middle].filter((part) => part !== '');
  return {
    use: 'official',
    text: [prefix, ...words, family, suffix].filter((part) => part !== '').join(' '),
    ...(family === '' ? {} : { family }),
    ...(words.length === 0 ? {} : { given: words }),
    ...(prefix === '' ? {} : { prefix: [prefix] }),
    ...(suffix === '' ? {} : { suffix: [suffix] }),
  };
}

/** PatientSex (0010,0040) as administrative gender; undefined when empty. */
export function gender(sex: string | undefined): 'male' | 'female' | 'other' | undefined {
  switch (sex?.trim() ?? '') {
    case 'M':
      return 'male';
    case 'F':
      return 'female';
    case 'O':
      return 'other';
    default:
      return undefined;
  }
}

function zone(minutes: number): string {
  if (minutes === 0) return 'Z';
  const two = (n: number): string => String(n).padStart(2, '0');
  const magnitude = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(magnitude / 60))}:${two(magnitude % 60)}`;
}
