import type { Finding } from '../domain/findings.ts';

/**
 * Values that conditions of a manifest (`urgency.when`, `selfTest.expect`) may ask for: `<label>.count`, `<label>.max.score` and
 * `<label>.max.<measurement id>`. A maximum is missing when there is no finding.
 */
export function findingValues(label: string, findings: readonly Finding[]): ReadonlyMap<string, number> {
  const values = new Map<string, number>([[`${label}.count`, findings.length]]);
  const raise = (key: string, value: number | null) => {
    if (value !== null) values.set(key, Math.max(values.get(key) ?? -Infinity, value));
  };
  for (const finding of findings) {
    raise(`${label}.max.score`, finding.probability);
    for (const measurement of finding.measurements) raise(`${label}.max.${measurement.id}`, measurement.value);
  }
  return values;
}
