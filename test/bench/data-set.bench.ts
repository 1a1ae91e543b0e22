/**
 * Data sets: this project's reader, writer, scanner and JSON beside dcmjs and dicom-parser, on the same bytes, in interleaved pairs.
 * Run: `node --import tsx test/bench/data-set.bench.ts [FOLDER [FILES]]` (default: ISOCENTER_CORPUS, 40). Prints a table and one line of JSON.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { readDataSet } from '../../src/standards/dicom/data-set-reader.ts';
import { HeaderScanner } from '../../src/standards/dicom/header-scan.ts';
import { dicomJsonText } from '../../src/standards/dicom/json-model.ts';
import { readPart10, readPart10Start, writePart10 } from '../../src/standards/dicom/part10.ts';
import { tags } from '../../src/standards/dicom/tags.ts';

interface DcmjsDict {
  readonly dict: Readonly<Record<string, { readonly Value: readonly unknown[] }>>;
  write(options?: object): ArrayBuffer;
}
const require = createRequire(import.meta.url);
const dcmjs = require('dcmjs') as { data: { DicomMessage: { readFile(buffer: ArrayBuffer, options?: object): DcmjsDict } }; log: { setLevel(level: string): void } };
const dicomParser = require('dicom-parser') as { parseDicom(bytes: Uint8Array, options?: object): unknown };
dcmjs.log.setLevel('silent');

const WANTED = new Set<number>([
  tags.SpecificCharacterSet, tags.SOPClassUID, tags.SOPInstanceUID, tags.StudyDate, tags.StudyTime, tags.AccessionNumber, tags.Modality, tags.StudyDescription, tags.SeriesDescription, tags.PatientName,
  tags.PatientID, tags.PatientBirthDate, tags.PatientSex, tags.StudyInstanceUID, tags.SeriesInstanceUID, tags.StudyID, tags.SeriesNumber, tags.InstanceNumber, tags.NumberOfFrames, tags.Rows, tags.Columns,
]);

/** Files taken, evenly spread: dcmjs needs half a second for some. */
const LIMIT = Number(process.argv[3] ?? 40);

const root = process.argv[2] ?? process.env['ISOCENTER_CORPUS'];
if (root === undefined) throw new Error('name a folder, or set ISOCENTER_CORPUS');
const files = (readdirSync(root, { recursive: true }) as string[])
  .filter((name) => name.endsWith('.dcm') && !name.startsWith('broken'))
  .filter((_, i, all) => i % Math.ceil(all.length / LIMIT) === 0)
  .map((name) => Uint8Array.from(readFileSync(path.join(root, name))))
  .filter((bytes) => readPart10(bytes).ok);
const contents = files.map((bytes) => {
  const start = readPart10Start(bytes);
  if (!start.ok) throw new Error('unreachable: filtered above');
  return { bytes, content: bytes.subarray(start.value.dataSetOffset), syntax: start.value.transferSyntaxUid };
});

interface Contest {
  readonly name: string;
  readonly contenders: Readonly<Record<string, () => number>>;
}

/** Runs `work` over all files; a throw counts as a failure and does not end the run. Returns the failures. */
function overFiles(work: (file: (typeof contents)[number]) => void): number {
  let failures = 0;
  for (const file of contents) {
    try {
      work(file);
    } catch {
      failures++;
    }
  }
  return failures;
}

const readByDcmjs = (bytes: Uint8Array): DcmjsDict => dcmjs.data.DicomMessage.readFile(bytes.buffer as ArrayBuffer);
const contests: readonly Contest[] = [
  {
    name: 'pick 21 header tags',
    contenders: {
      isocenter: () => overFiles(({ content, syntax }) => void new HeaderScanner(syntax, WANTED).push(content)),
      'dicom-parser': () => overFiles(({ bytes }) => void dicomParser.parseDicom(bytes, { untilTag: 'x7fe00010' })),
    },
  },
  {
    name: 'read, every value decoded',
    contenders: {
      isocenter: () => overFiles(({ content, syntax }) => {
        const read = readDataSet(content, syntax);
        if (!read.ok) throw new Error(read.fault.code);
        for (const element of read.value) void element.value;
      }),
      dcmjs: () => overFiles(({ bytes }) => void Object.values(readByDcmjs(bytes).dict).map((element) => element.Value)),
    },
  },
  {
    name: 'read and write',
    contenders: {
      isocenter: () => overFiles(({ bytes }) => {
        const read = readPart10(bytes);
        if (read.ok) writePart10(read.value);
      }),
      dcmjs: () => overFiles(({ bytes }) => void readByDcmjs(bytes).write()),
    },
  },
  {
    name: 'bytes to JSON text',
    contenders: {
      isocenter: () => overFiles(({ content, syntax }) => {
        const read = readDataSet(content, syntax);
        if (read.ok) dicomJsonText(read.value, { bulkDataUri: (place) => place });
      }),
      dcmjs: () => overFiles(({ bytes }) => void JSON.stringify(readByDcmjs(bytes).dict, (key: string, value: unknown) => (value instanceof ArrayBuffer || key === '7FE00010' ? undefined : value))),
    },
  },
];

const PAIRS = 3;
const results = contests.map((contest) => {
  // A pass over headers alone is shorter than the clock and the compiler are fair: it runs fifty times.
  const repeats = contest.name.startsWith('pick') ? 50 : 1;
  const times = new Map(Object.keys(contest.contenders).map((name) => [name, [] as number[]]));
  const failures: Record<string, number> = {};
  for (let round = 0; round <= PAIRS; round++) {
    for (const [name, run] of Object.entries(contest.contenders)) {
      const before = process.cpuUsage();
      for (let i = 0; i < repeats; i++) failures[name] = run();
      const used = process.cpuUsage(before);
      if (round > 0) times.get(name)!.push((used.user + used.system) / 1000 / files.length / repeats); // the first round warms up
    }
  }
  const medians = Object.fromEntries([...times].map(([name, list]) => [name, list.sort((a, b) => a - b)[Math.floor(list.length / 2)]!]));
  return { contest: contest.name, cpuMsPerFile: medians, failures };
});

const bytes = files.reduce((sum, file) => sum + file.length, 0);
console.log(`${files.length} files, ${(bytes / 1e6).toFixed(0)} MB; median of ${PAIRS} interleaved rounds, CPU ms per file (files that threw)`);
for (const { contest, cpuMsPerFile, failures } of results) {
  console.log(`  ${contest.padEnd(28)}${Object.entries(cpuMsPerFile).map(([name, ms]) => `${name} ${ms.toFixed(3)} (${failures[name]})`).join('   ')}`);
}
console.log(JSON.stringify({ files: files.length, bytes, results }));
