/** Subtree of PS3.6 Annex A that holds the storage SOP classes … */
const storageRoot = '1.2.840.10008.5.1.4.1.1.';

/** … and the services that live in the same subtree without being storage (inventory and protocol approval queries). */
const notStorage = new Set(['200.4', '200.5', '200.6', '201.2', '201.3', '201.4', '201.5', '201.6'].map((suffix) => storageRoot + suffix));

/** Storage SOP classes elsewhere: hanging protocol, color palette, implant templates, RT beams delivery instruction, and retired ones. */
const storageElsewhere = new Set([
  '1.2.840.10008.5.1.4.34.7',
  '1.2.840.10008.5.1.4.34.10',
  '1.2.840.10008.5.1.4.38.1',
  '1.2.840.10008.5.1.4.39.1',
  '1.2.840.10008.5.1.4.43.1',
  '1.2.840.10008.5.1.4.44.1',
  '1.2.840.10008.5.1.4.45.1',
  '1.2.840.10008.5.1.1.27',
  '1.2.840.10008.5.1.1.29',
  '1.2.840.10008.5.1.1.30',
]);

/** Everything DICOM itself registers. */
const dicomRoot = '1.2.840.10008.';

/** True for every storage SOP class, also ones newer than this code, and for every private class: what else it might be, only storage could keep it. */
export function isStorageClass(uid: string): boolean {
  if (uid.startsWith(storageRoot)) return !notStorage.has(uid);
  return storageElsewhere.has(uid) || !uid.startsWith(dicomRoot);
}

/** Transfer syntaxes of vendors that differ from a standard one in the pixel data only; stored as they come. */
const privateTransferSyntaxes = new Set([
  '1.2.840.113619.5.2', // GE: implicit little endian, pixel data big endian
  '1.3.46.670589.33.1.4.1', // Philips ELSCINT1
  '1.2.276.0.7230010.3.4.1', // dcm4che / DCMTK private
]);

/** Every standard transfer syntax is stored, also one newer than this code: PS3.5 §A.4 lets it be nothing but explicit little endian with fragments. */
export function isStoredTransferSyntax(uid: string, more: readonly string[] = []): boolean {
  return uid === '1.2.840.10008.1.2' || uid.startsWith('1.2.840.10008.1.2.') || privateTransferSyntaxes.has(uid) || more.includes(uid);
}
