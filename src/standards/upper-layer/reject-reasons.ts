/** The answers of A-ASSOCIATE-RJ that we give, PS3.8 Table 9-21. `name` is stable, for log and audit. */
export interface Rejection {
  readonly result: number;
  readonly source: number;
  readonly reason: number;
  readonly name: string;
}

export const rejections = {
  noReason: { result: 1, source: 1, reason: 1, name: 'no-reason-given' },
  applicationContext: { result: 1, source: 1, reason: 2, name: 'application-context-name-not-supported' },
  callingAe: { result: 1, source: 1, reason: 3, name: 'calling-ae-title-not-recognized' },
  calledAe: { result: 1, source: 1, reason: 7, name: 'called-ae-title-not-recognized' },
  protocolVersion: { result: 1, source: 2, reason: 2, name: 'protocol-version-not-supported' },
  temporaryCongestion: { result: 2, source: 3, reason: 1, name: 'temporary-congestion' },
  localLimit: { result: 2, source: 3, reason: 2, name: 'local-limit-exceeded' },
} as const satisfies Record<string, Rejection>;

/** The name of a rejection as received, for messages; numbers when the standard has no name for it. */
export function rejectionName(pdu: { readonly result: number; readonly source: number; readonly reason: number }): string {
  const known = Object.values<Rejection>(rejections).find((entry) => entry.source === pdu.source && entry.reason === pdu.reason);
  return known?.name ?? `source ${pdu.source} reason ${pdu.reason}`;
}
