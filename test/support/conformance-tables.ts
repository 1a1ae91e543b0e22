import { worklistAttributes } from '../../src/archive/query/worklist-query.ts';
import { indexedAttributes } from '../../src/archive/query/attribute-table.ts';
import { isTarget } from '../../src/archive/outgoing-data-set.ts';
import { decodeFrameHere } from '../../src/codecs/decode-frame.ts';
import { everyRight } from '../../src/edges/dicom-scp/ae-rights.ts';
import { CommitmentScp } from '../../src/edges/dicom-scp/commitment/commitment-scp.ts';
import { refusalStatus } from '../../src/edges/dicom-scp/dimse-status.ts';
import { PerformedStepScp } from '../../src/edges/dicom-scp/performed-step/performed-step-scp.ts';
import { FindScp } from '../../src/edges/dicom-scp/query-retrieve/find-scp.ts';
import { GetScp } from '../../src/edges/dicom-scp/query-retrieve/get-scp.ts';
import { MoveScp } from '../../src/edges/dicom-scp/query-retrieve/move-scp.ts';
import { isStoredTransferSyntax } from '../../src/edges/dicom-scp/storage-classes.ts';
import { StorageScp } from '../../src/edges/dicom-scp/storage-scp.ts';
import { verificationScp } from '../../src/edges/dicom-scp/verification-scp.ts';
import { WorklistScp } from '../../src/edges/dicom-scp/worklist/worklist-scp.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import type { RefusalReason } from '../../src/stages/intake/receive-instance.ts';
import { singleSets, extensionSets } from '../../src/standards/dicom/character-set-table.ts';
import { keywordOf } from '../../src/standards/dicom/dictionary.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../../src/standards/dicom/implementation.ts';
import { allSopClasses } from '../../src/standards/dicom/sop-classes.ts';
import { transferSyntaxes } from '../../src/standards/dicom/transfer-syntaxes.ts';
import { statusText } from '../../src/standards/dimse/statuses.ts';
import { rejections } from '../../src/standards/upper-layer/reject-reasons.ts';
import { defaultLimits, defaultTimes } from '../../src/transport/dicom/association-server.ts';
import type { DimseService } from '../../src/transport/dicom/dimse-service.ts';
import { serverTlsOptions } from '../../src/transport/dicom/tls-options.ts';

/** The tables of docs/conformance/dicom-conformance-statement.md by name, made from the code that does what they say. */
export async function conformanceTables(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['services', servicesTable()],
    ['storage', storageTable()],
    ['transfer-syntaxes', await syntaxTable()],
    ['find-keys', table(['level', 'attribute', 'tag', 'VR', 'matching'], indexedAttributes.map((one) => [one.level, keywordOf(one.tag) ?? '', tagText(one.tag), one.vr, matchingOf(one.comparison, one.tag)]))],
    ['worklist-keys', table(['where', 'attribute', 'tag', 'VR', 'matching'], worklistAttributes.map((one) => [one.inStep ? 'step' : 'order', keywordOf(one.tag) ?? '', tagText(one.tag), one.vr, matchingOf(one.comparison, one.tag)]))],
    ['store-statuses', statusTable()],
    ['rejections', table(['result', 'source', 'reason', 'when'], Object.values(rejections).map((one) => [one.result === 1 ? 'permanent' : 'transient', String(one.source), String(one.reason), one.name]))],
    ['association', associationTable()],
    ['character-sets', table(['defined term', 'code extensions'], [...Object.keys(singleSets).map((term) => [term, 'no']), ...Object.keys(extensionSets).map((term) => [term, 'yes'])])],
    ['tls', table(['TLS'], [['at least TLS 1.2'], ...String(serverTlsOptions({ cert: '', key: '', requireClientCertificate: true }, 1).ciphers).split(':').map((cipher) => [cipher])])],
  ]);
}

const never = {} as never;
const retrieve = { database: never, segments: never, log: silentLog, rightsOf: () => everyRight, failed: () => undefined };

/** As the listener has them, with nothing behind them. */
const services: readonly (readonly [DimseService, dimse: string, annex: string])[] = [
  [verificationScp, 'C-ECHO', 'A'],
  [new FindScp({ ...retrieve, aeTitle: '' }), 'C-FIND', 'C'],
  [new GetScp(retrieve), 'C-GET', 'C'],
  [new MoveScp({ ...retrieve, clock: systemClock, destination: () => undefined }), 'C-MOVE', 'C'],
  [new WorklistScp(retrieve), 'C-FIND', 'K'],
  [new PerformedStepScp({ database: never, clock: systemClock, log: silentLog }), 'N-CREATE, N-SET', 'F, R'],
  [new CommitmentScp({ database: never, clock: systemClock, log: silentLog, accepted: () => undefined }), 'N-ACTION, N-EVENT-REPORT', 'J'],
];
const storage = new StorageScp({ receiver: never, rightsOf: () => everyRight });

function servicesTable(): string {
  const rows = allSopClasses.flatMap((sopClass) => services.filter(([service]) => service.serves(sopClass.uid)).map(([, dimse, annex]) => [sopClass.name, sopClass.uid, dimse, `PS3.4 Annex ${annex}`]));
  return table(['SOP class', 'UID', 'messages', 'source'], rows);
}

function storageTable(): string {
  return table(['SOP class', 'UID'], allSopClasses.filter((sopClass) => storage.serves(sopClass.uid)).map((sopClass) => [sopClass.name, sopClass.uid]));
}

async function syntaxTable(): Promise<string> {
  const shape = { rows: 1, columns: 1, samplesPerPixel: 1, bitsAllocated: 8, bitsStored: 8, pixelRepresentation: 0, planarConfiguration: 0, photometricInterpretation: 'MONOCHROME2' } as const;
  const rows: string[][] = [];
  for (const { uid, name, encapsulated } of transferSyntaxes) {
    const tried = encapsulated ? await decodeFrameHere({ ...shape, transferSyntaxUid: uid, bytes: new Uint8Array(0) }) : undefined;
    const isDecoded = tried === undefined || tried.ok || tried.fault.code !== 'UNSUPPORTED';
    rows.push([name, uid, yes(isStoredTransferSyntax(uid)), yes(isDecoded), yes(isTarget(uid))]);
  }
  return table(['transfer syntax', 'UID', 'stored as it comes', 're-encoded for a peer that does not take it', 're-encoded to'], rows);
}

const REASONS: Readonly<Record<RefusalReason, string>> = {
  'out-of-resources': 'no room on the disk, or the index lags too far behind; the sender may repeat',
  'class-mismatch': 'the data set has another SOP Class UID than the command',
  'duplicate-other-content': 'another content is served under this SOP Instance UID; it is kept aside',
  'uid-mismatch': 'the data set has another SOP Instance UID than the command, or an invalid one',
  'cannot-understand': 'the data set does not parse',
  truncated: 'the data set ends inside an element',
  'missing-uid': 'Study, Series or SOP Instance UID is missing',
  'processing-failure': 'a fault of ours',
};

function statusTable(): string {
  const refused = Object.entries(REASONS).map(([reason, text]) => [statusText(refusalStatus(reason as RefusalReason)), text]);
  return table(['status', 'meaning'], [['0000', 'durable: synced to the disk. Also a copy of what is stored, whatever its encoding'], ...refused, ['0122, 0117, 0212', 'the command lacks a valid SOP class or instance, or has no data set'], ['0124', 'this AE may not store']]);
}

function associationTable(): string {
  const { maxAssociations, maxAssociationsPerAe, maxPduLength, maxOperations } = defaultLimits;
  return table(['parameter', 'value'], [
    ['Implementation Class UID', IMPLEMENTATION_CLASS_UID], ['Implementation Version Name', IMPLEMENTATION_VERSION_NAME], ['application context', '1.2.840.10008.3.1.1.1'],
    ['associations at a time', `dimse.maxAssociations (library default ${maxAssociations}), ${maxAssociationsPerAe} of one AE`], ['largest PDU received', `dimse.maxPduBytes (library default ${maxPduLength})`],
    ['largest PDU sent', 'what the peer announced; 131072 to a peer that takes any'], ['asynchronous operations granted to requestors', String(maxOperations)],
    ['ARTIM', `${defaultTimes.artimMs / 1000} s`], ['silence before an abort', 'dimse.idleSeconds'], ['longest time for one PDU to arrive', `${defaultTimes.pduMs / 1000} s`],
  ]);
}

const NO_WILDCARDS: ReadonlySet<string> = new Set(['uid', 'integer']);

function matchingOf(comparison: string, tag: number): string {
  if (comparison === 'name') return 'single value, wildcard; case, accents and delimiters do not count; each group of characters';
  if (comparison === 'modalities') return 'any modality of the study; single value, list, wildcard';
  if (comparison === 'uid') return 'list of UIDs';
  if (NO_WILDCARDS.has(comparison)) return 'single value';
  return /Date$|Time$/.test(keywordOf(tag) ?? '') ? 'single value, range' : 'single value, list, wildcard';
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no';
}

function tagText(tag: number): string {
  const hex = tag.toString(16).toUpperCase().padStart(8, '0');
  return `(${hex.slice(0, 4)},${hex.slice(4)})`;
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
