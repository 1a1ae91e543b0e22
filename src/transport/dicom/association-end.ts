/** How an association ended. `detail` is for the log; it never holds patient data. */
export type AssociationEnd =
  | { readonly how: 'released' }
  | { readonly how: 'rejected' }
  /** A-ABORT received; `source` 0 = the peer's service user, 2 = its provider. */
  | { readonly how: 'aborted-by-peer'; readonly source: number; readonly reason: number }
  | { readonly how: 'aborted-by-us'; readonly detail: string }
  | { readonly how: 'connection-lost'; readonly detail: string };

/** One line that says why, for audit and log. */
export function endDetail(end: AssociationEnd): string {
  if (end.how === 'aborted-by-peer') return `source ${end.source} reason ${end.reason}`;
  return 'detail' in end ? end.detail : end.how;
}
