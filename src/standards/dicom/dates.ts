/** A DA value, PS3.5 §6.2: a day that exists in the calendar. */
export interface DicomDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** A TM value; what was left out is undefined (`10` is any time in that hour). */
export interface DicomTime {
  readonly hour: number;
  readonly minute: number | undefined;
  /** 60 is a leap second. */
  readonly second: number | undefined;
  readonly microsecond: number | undefined;
}

/** A DT value; `offsetMinutes` is undefined when it is in the zone of Timezone Offset From UTC (0008,0201). */
export interface DicomDateTime {
  readonly year: number;
  readonly month: number | undefined;
  readonly day: number | undefined;
  readonly time: DicomTime | undefined;
  readonly offsetMinutes: number | undefined;
}

/** YYYYMMDD; also YYYY.MM.DD of ACR-NEMA (PS3.5 §6.2, note on DA). */
export function parseDate(text: string): DicomDate | undefined {
  const match = /^(\d{4})(\.?)(\d{2})\2(\d{2})$/.exec(text.trim());
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[3]), Number(match[4])];
  return isDay(year, month, day) ? { year, month, day } : undefined;
}

/** HHMMSS.FFFFFF, from the right as much left out as one likes; also HH:MM:SS of ACR-NEMA. */
export function parseTime(text: string): DicomTime | undefined {
  const match = /^(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?$/.exec(text.trim());
  if (match === null) return undefined;
  const time = { hour: Number(match[1]), minute: part(match[2]), second: part(match[3]), microsecond: part(match[4]?.padEnd(6, '0')) };
  return time.hour < 24 && (time.minute ?? 0) < 60 && (time.second ?? 0) <= 60 ? time : undefined;
}

/** YYYYMMDDHHMMSS.FFFFFF&ZZXX, from the right as much left out as one likes. */
export function parseDateTime(text: string): DicomDateTime | undefined {
  const match = /^(\d{4})(\d{2})?(\d{2})?(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?([+-]\d{4})?$/.exec(text.trim());
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), part(match[2]), part(match[3])];
  const time = match[4] === undefined ? undefined : parseTime(match[4]);
  const offsetMinutes = match[5] === undefined ? undefined : parseOffset(match[5]);
  if (!isDay(year, month ?? 1, day ?? 1) || (match[4] !== undefined && time === undefined) || (match[5] !== undefined && offsetMinutes === undefined)) return undefined;
  return { year, month, day, time, offsetMinutes };
}

/** Minutes east of UTC of `+0100`; PS3.3 §C.12.1.1.8 allows −1200 to +1400, and `-0000` not at all. */
export function parseOffset(text: string): number | undefined {
  const match = /^([+-])(\d{2})(\d{2})$/.exec(text.trim());
  if (match === null || text.trim() === '-0000') return undefined;
  const minutes = (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
  return Number(match[3]) < 60 && minutes >= -720 && minutes <= 840 ? minutes : undefined;
}

/** `2026-11-21`, the date of ISO 8601; undefined when it is no date. */
export function isoDate(text: string): string | undefined {
  const date = parseDate(text);
  return date === undefined ? undefined : `${pad(date.year, 4)}-${pad(date.month)}-${pad(date.day)}`;
}

/**
 * `2026-11-21T08:15:00+01:00` of a DA and a TM; seconds left out count as 0, an absent TM gives the date alone, an unknown offset is
 * left out. Undefined when the date is none.
 */
export function isoDateTime(date: string, time: string | undefined, offsetMinutes?: number): string | undefined {
  const day = isoDate(date);
  const clock = time === undefined ? undefined : parseTime(time);
  if (day === undefined || clock === undefined) return day;
  const fraction = clock.microsecond === undefined ? '' : `.${pad(clock.microsecond, 6)}`.replace(/0+$/, '').replace(/\.$/, '');
  return `${day}T${pad(clock.hour)}:${pad(clock.minute ?? 0)}:${pad(Math.min(59, clock.second ?? 0))}${fraction}${offsetMinutes === undefined ? '' : isoOffset(offsetMinutes)}`;
}

/** DA, TM (to the millisecond) and DT of a moment, in UTC or so many minutes east of it. */
export function dicomMoment(moment: Date, offsetMinutes = 0): { readonly date: string; readonly time: string; readonly dateTime: string; readonly offset: string } {
  const local = new Date(moment.getTime() + offsetMinutes * 60_000).toISOString();
  const date = local.slice(0, 10).replaceAll('-', '');
  const time = local.slice(11, 23).replaceAll(':', '');
  const offset = isoOffset(offsetMinutes).replace(':', '').replace('Z', '+0000');
  return { date, time, dateTime: `${date}${time}${offset}`, offset };
}

function isoOffset(minutes: number): string {
  if (minutes === 0) return 'Z';
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}

function isDay(year: number, month: number, day: number): boolean {
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

function part(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0');
}
