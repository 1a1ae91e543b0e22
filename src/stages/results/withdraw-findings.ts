import type { BundleEntry, TransactionBundle } from '../../standards/fhir/resources.ts';

/**
 * A revision that supersedes an earlier one also takes back what it no longer states: observations of the predecessor that are not in
 * the new transaction go out once more, as entered-in-error (FHIR R4 §10.1.3). Otherwise a nodule that nobody sees any more
 * would stay in the patient's record.
 *
 * @param previous the transaction of the predecessor; null for a first revision
 */
export function withdrawFindings(next: TransactionBundle, previous: TransactionBundle | null): TransactionBundle {
  if (previous === null) return next;
  const stated = new Set(next.entry.map((entry) => entry.fullUrl));
  const withdrawn = previous.entry.filter((entry) => entry.resource.resourceType === 'Observation' && !stated.has(entry.fullUrl) && statusOf(entry) !== 'entered-in-error');
  return withdrawn.length === 0 ? next : { ...next, entry: [...next.entry, ...withdrawn.map(asError)] };
}

function asError(entry: BundleEntry): BundleEntry {
  return { ...entry, resource: { ...entry.resource, status: 'entered-in-error' } as BundleEntry['resource'] };
}

function statusOf(entry: BundleEntry): unknown {
  return (entry.resource as { status?: unknown }).status;
}
