/**
 * A number in JSON. `single`: it is one of 32 bits, and as few digits are given as tell it from its neighbours.
 * JSON has no NaN and no infinity: they are strings, as DCMTK writes them.
 */
export function floatAsJson(value: number, single = false): string {
  if (single && Number.isFinite(value) && !Number.isInteger(value)) return shortest32(value);
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  return Number.isNaN(value) ? '"NaN"' : value > 0 ? '"inf"' : '"-inf"';
}

function shortest32(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(9)));
}

/** SV and UV: a string beyond the integers that every JSON reader keeps (PS3.18 Table F.2.3-1). */
export function integerAsJson(value: bigint): string {
  const safe = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return safe ? String(value) : `"${value}"`;
}

const DECIMAL = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

/** DS and IS: a number when it says the same as the text, otherwise the text (PS3.18 §F.2.3.1: no loss of precision). */
export function decimalAsJson(text: string): string {
  if (!DECIMAL.test(text)) return JSON.stringify(text);
  const number = Number(text);
  if (!Number.isFinite(number)) return JSON.stringify(text);
  const written = significantDigits(text);
  if (written.length > 15 && significantDigits(String(number)) !== written) return JSON.stringify(text);
  return Object.is(number, -0) ? '0' : String(number);
}

function significantDigits(text: string): string {
  const mantissa = text.trim().replace(/[eE].*$/, '').replaceAll(/[+\-.]/g, '');
  return mantissa.replace(/^0+/, '').replace(/0+$/, '');
}

/** The reverse of `floatAsJson` for what a client may send; undefined when it is no number. */
export function floatFromJson(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const named: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, infinity: Infinity, '-inf': -Infinity, '-infinity': -Infinity };
  const known = named[value.trim().toLowerCase()];
  if (known !== undefined) return known;
  return DECIMAL.test(value) ? Number(value) : undefined;
}
