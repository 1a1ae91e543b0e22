import type { DataSet } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';
import type { ResultTimes } from './result-context.ts';

/** A moment as DA, TM and DT in the time zone of the object. */
export interface DicomMoment {
  readonly date: string;
  readonly time: string;
  readonly dateTime: string;
}

/**
 * Minutes east of UTC that hold for every DA and TM of the object: the source's own Timezone Offset From UTC (0008,0201) when it has one,
 * because the copied study date is in it, else the site's.
 */
export function offsetMinutes(source: DataSet, times: ResultTimes): number {
  const match = /^([+-])(\d\d)(\d\d)$/.exec(source.string(tags.TimezoneOffsetFromUTC)?.trim() ?? '');
  if (match === null) return times.utcOffsetMinutes;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === '-' ? -minutes : minutes;
}

/** `+HHMM`, the form of (0008,0201). */
export function offsetText(minutes: number): string {
  const magnitude = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(magnitude / 60))}${two(magnitude % 60)}`;
}

/** PS3.5 §6.2: DA YYYYMMDD, TM HHMMSS, DT with its zone. Whole seconds. */
export function dicomMoment(instant: Date, minutes: number): DicomMoment {
  const local = new Date(instant.getTime() + minutes * 60_000).toISOString();
  const date = local.slice(0, 10).replaceAll('-', '');
  const time = local.slice(11, 19).replaceAll(':', '');
  return { date, time, dateTime: `${date}${time}${offsetText(minutes)}` };
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
