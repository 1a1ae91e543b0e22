import assert from 'node:assert/strict';
import { buildCount, buildQuery, type IndexQuery } from '../../src/archive/query/build-query.ts';
import { matchOf } from '../../src/standards/dicom/query-key.ts';
import { vrOf } from '../../src/standards/dicom/dictionary.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { Database } from '../../src/store/database.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';

const STUDIES = Number(process.env['QUERY_PLAN_STUDIES'] ?? 10_000);

interface Plan {
  readonly 'Actual Rows': number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Plan[];
}

/** Index rows as intake writes them, made by PostgreSQL: 20 years, five modalities, names of 5,000 families, three series a study. */
const GENERATORS = [
  `insert into study (study_instance_uid, patient_id, patient_name, patient_name_key, patient_birth_date, patient_sex, study_date, study_time, accession_number, study_id, referring_physician, instance_count, first_received_at, last_received_at, changed_at)
   select '1.2.' || n, 'P' || (n % ($1::int / 3)), 'FAMILY' || (n * 7919 % 5000) || '^GIVEN' || (n % 97), 'family' || (n * 7919 % 5000) || ' given' || (n % 97), '19700101', 'O',
     to_char(date '2006-01-01' + (n * 31 % 7300)::int, 'YYYYMMDD'), '101500', 'A' || n, 'S' || n, 'DOE^JANE', 6, now(), now(), now() from generate_series(1, $1::int) n`,
  `insert into series (study_id, series_instance_uid, modality, series_number, origin, instance_count, changed_at)
   select s.id, s.study_instance_uid || '.' || k, (array['CT','MR','CR','MG','US'])[1 + (s.id + k / 3) % 5], k, 'received', 2, now() from study s, generate_series(1, 3) k where $1::int > 0`,
  `insert into instance (series_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number, rows, columns, bits_allocated, writer, segment, record_offset, data_offset, data_length, header_length, crc32, origin, received_at)
   select r.id, r.series_instance_uid || '.' || k, '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1', k, 512, 512, 16, 'web', 1, r.id * 10 + k, r.id * 10 + k, 100, 100, 1, 'received', now() from series r, generate_series(1, 2) k where $1::int > 0`,
];

suite(`query plans at ${STUDIES} studies`, function () {
  this.timeout(300_000);
  let home: TestDatabase;
  let database: Database;

  suiteSetup(async () => {
    home = await testDatabase();
    database = new Database({ url: home.url, applicationName: 'test' });
    for (const [n, text] of GENERATORS.entries()) await database.execute({ name: `generate_${n}`, text }, [STUDIES]);
    for (const table of ['study', 'series', 'instance']) await database.execute({ name: '', text: `vacuum analyze ${table}` });
  });

  suiteTeardown(async () => {
    await database.close();
    await home.close();
  });

  function queryOf(level: IndexQuery['level'], keys: Record<number, string>, changes: Partial<IndexQuery> = {}): IndexQuery {
    return {
      level, returnLevels: ['patient', 'study', 'series', 'instance'].slice(0, { patient: 1, study: 2, series: 3, instance: 4 }[level]) as IndexQuery['returnLevels'], include: [], limit: 26, offset: 0, fuzzy: false, ...changes,
      keys: Object.entries(keys).map(([tag, value]) => {
        const match = matchOf(vrOf(Number(tag)), value.split(','));
        assert.ok(match.ok);
        return { tag: Number(tag), match: match.value };
      }),
    };
  }

  async function explain(text: string, values: readonly unknown[]): Promise<Plan> {
    const [row] = await database.query<{ 'QUERY PLAN': readonly { Plan: Plan }[] }>({ name: '', text: `explain (analyze, buffers, format json) ${text}` }, values);
    return row!['QUERY PLAN'][0]!.Plan;
  }

  const blocks = (plan: Plan): number => plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
  const nodes = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];

  // Blocks a row of an answer may cost: its own, its modalities and its two counts (each an index probe of three levels and a heap block).
  const PER_ROW = { study: 20, series: 20, instance: 16 } as const;
  const shapes: readonly (readonly [name: string, query: () => IndexQuery])[] = [
    ['StudyInstanceUID', () => queryOf('study', { [tags.StudyInstanceUID]: '1.2.77' })],
    ['a list of StudyInstanceUIDs', () => queryOf('study', { [tags.StudyInstanceUID]: '1.2.77,1.2.78,1.2.79' })],
    ['PatientID', () => queryOf('study', { [tags.PatientID]: 'P77' })],
    ['AccessionNumber', () => queryOf('study', { [tags.AccessionNumber]: 'A77' })],
    ['no key: the latest', () => queryOf('study', {})],
    ['StudyDate', () => queryOf('study', { [tags.StudyDate]: '20160101' })],
    ['a range of StudyDate', () => queryOf('study', { [tags.StudyDate]: '20160101-20160301' })],
    ['SeriesInstanceUID', () => queryOf('series', { [tags.SeriesInstanceUID]: '1.2.77.1' })],
    ['the series of a study', () => queryOf('series', { [tags.StudyInstanceUID]: '1.2.77' })],
    ['SOPInstanceUID', () => queryOf('instance', { [tags.SOPInstanceUID]: '1.2.77.1.1' })],
    ['the instances of a series', () => queryOf('instance', { [tags.StudyInstanceUID]: '1.2.77', [tags.SeriesInstanceUID]: '1.2.77.1' })],
  ];
  for (const [name, make] of shapes) {
    test(`${name}: reads no more than its answer needs`, async () => {
      const query = make();
      const built = buildQuery(query);
      const plan = await explain(built.text, built.values);
      const rows = plan['Actual Rows'];

      assert.ok(rows > 0);
      const most = PER_ROW[query.level as keyof typeof PER_ROW] * rows + 20;
      assert.ok(blocks(plan) <= most, `${blocks(plan)} blocks for ${rows} rows, at most ${most}`);
      assert.deepEqual(nodes(plan).filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name']), []);
    });
  }

  // Names and modalities are found by trigram or by walking the dates: cost follows the matches or the limit, never the table.
  const bounded: readonly (readonly [name: string, query: () => IndexQuery])[] = [
    ['PatientName=FAMILY77*', () => queryOf('study', { [tags.PatientName]: 'FAMILY77*' })],
    ['PatientName=*77 GIVEN5', () => queryOf('study', { [tags.PatientName]: '*Y4877 GIVEN5*' })],
    ['a full PatientName', () => queryOf('study', { [tags.PatientName]: 'FAMILY77^GIVEN5' })],
    ['StudyDate with ModalitiesInStudy', () => queryOf('study', { [tags.StudyDate]: '20160101-20160201', [tags.ModalitiesInStudy]: 'CT' })],
    ['ModalitiesInStudy alone', () => queryOf('study', { [tags.ModalitiesInStudy]: 'CT' })],
    ['ModalitiesInStudy of none', () => queryOf('study', { [tags.ModalitiesInStudy]: 'PT' })],
  ];
  for (const [name, make] of bounded) {
    test(`${name}: does not read the whole table`, async () => {
      const built = buildQuery(make());
      const plan = await explain(built.text, built.values);

      const whole = nodes(plan).filter((node) => node['Node Type'] === 'Seq Scan' && node['Relation Name'] === 'study');
      assert.deepEqual(whole, []);
      assert.ok(blocks(plan) <= 1_500, `${blocks(plan)} blocks for ${plan['Actual Rows']} rows`);
    });
  }

  test('counting what lies beyond the limit uses the same indexes', async () => {
    for (const query of [queryOf('study', { [tags.PatientID]: 'P77' }), queryOf('study', { [tags.StudyDate]: '20160101-20160201' }), queryOf('study', { [tags.PatientName]: 'FAMILY77*' })]) {
      const built = buildCount(query, 100_000);
      const plan = await explain(built.text, built.values);
      assert.ok(blocks(plan) <= 200 + STUDIES / 20, `${blocks(plan)} blocks`);
    }
  });
});
