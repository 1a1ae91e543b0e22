/** What a calling AE may do once it is admitted. */
export interface AeRights {
  readonly mayStore: boolean;
  /** `own`: only studies that it sent images of. */
  readonly mayQuery: 'all' | 'own' | 'none';
  /** AE titles it may have instances moved to; true = every peer. C-GET goes to the caller itself and needs no more than `mayQuery`. */
  readonly mayMove: boolean | readonly string[];
}

/** Asked for each request; titles that are no peers of the configuration were admitted on purpose and may do everything. */
export type RightsOf = (callingAe: string) => AeRights;

export const everyRight: AeRights = { mayStore: true, mayQuery: 'all', mayMove: true };

export function mayMoveTo(rights: AeRights, destination: string): boolean {
  return rights.mayMove === true || (rights.mayMove !== false && rights.mayMove.includes(destination));
}
