/**
 * Who may import whom. This table is the documentation (ARCHITECTURE.md §3); import-rules.test.ts holds the sources to it.
 *
 * A layer is a folder under src/. It may import itself, everything in `below` and nothing else.
 */
export interface Layer {
  readonly folder: string;
  readonly below: readonly string[];
}

const L0 = ['foundation'];
const STANDARDS = ['standards/dicom', 'standards/upper-layer', 'standards/dimse', 'standards/dicomweb', 'standards/hl7v2', 'standards/fhir'];
const L1 = [...L0, ...STANDARDS, 'phantoms'];
const L2A = [...L1, 'domain', 'codecs', 'transport/dicom', 'transport/mllp', 'transport/http'];
const L2B = [...L2A, 'model-steps', 'result-objects', 'rendering'];
const L3A = [...L2B, 'store', 'peers'];
const L3B = [...L3A, 'archive'];
const L3C = [...L3B, 'destinations', 'model-runtime'];

const STAGES = ['intake', 'orders', 'routing', 'inference', 'results', 'delivery', 'alerting', 'retention'].map((s) => `stages/${s}`);
const EDGES = ['dicom-scp', 'dicomweb', 'fhir', 'hl7', 'operator'].map((e) => `edges/${e}`);

export const layers: readonly Layer[] = [
  { folder: 'foundation', below: [] },
  { folder: 'standards/dicom', below: L0 },
  { folder: 'standards/upper-layer', below: [...L0, 'standards/dicom'] },
  { folder: 'standards/dimse', below: [...L0, 'standards/dicom', 'standards/upper-layer'] },
  { folder: 'standards/dicomweb', below: [...L0, 'standards/dicom'] },
  { folder: 'standards/hl7v2', below: L0 },
  { folder: 'standards/fhir', below: L0 },
  { folder: 'phantoms', below: [...L0, 'standards/dicom'] },
  { folder: 'domain', below: L1 },
  { folder: 'codecs', below: L1 },
  { folder: 'transport/dicom', below: L1 },
  { folder: 'transport/mllp', below: L1 },
  { folder: 'transport/http', below: L1 },
  { folder: 'model-steps', below: [...L1, 'domain', 'codecs'] },
  { folder: 'result-objects', below: [...L1, 'domain', 'codecs'] },
  { folder: 'rendering', below: [...L1, 'domain', 'codecs'] },
  { folder: 'store', below: L2B },
  { folder: 'peers', below: L2B },
  { folder: 'archive', below: [...L2B, 'store'] },
  { folder: 'destinations', below: [...L2B, 'store', 'peers', 'archive'] },
  { folder: 'model-runtime', below: [...L2B, 'store'] },
  ...STAGES.map((folder) => ({ folder, below: L3C })),
  ...EDGES.map((folder) => ({ folder, below: [...L3C, ...STAGES] })),
  { folder: 'app', below: [...L3C, ...STAGES, ...EDGES] },
];

/** Modules of Node and of npm that only some folders may import. */
export const reserved: readonly { readonly module: RegExp; readonly folders: readonly string[] }[] = [
  { module: /^(pg|knex)(\/|$)/, folders: ['store'] },
  { module: /^node:(net|tls|http|https|child_process)$/, folders: ['transport/', 'model-runtime', 'codecs', 'app'] },
  { module: /^node:worker_threads$/, folders: ['codecs', 'rendering', 'model-steps'] },
];

/** Words in a source that only some folders may use. */
export const reservedWords: readonly { readonly word: RegExp; readonly folders: readonly string[] }[] = [
  { word: /\bprocess\.env\b/, folders: ['app', 'foundation'] },
  { word: /\bDate\.now\(/, folders: ['app', 'foundation'] },
];

/** Names that say nothing about what a file does. */
export const forbiddenNames = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'manager', 'data', 'info', 'index'];
