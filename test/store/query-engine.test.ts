import assert from 'node:assert/strict';
import { buildQuery, type IndexQuery } from '../../src/archive/query/build-query.ts';
import { matchWriter } from '../../src/archive/query/match-json.ts';
import { countMatches, matchOf as matchOfRow, searchIndex, searchRows } from '../../src/archive/query/search-index.ts';
import { element } from '../../src/standards/dicom/element.ts';
import { dicomJsonText } from '../../src/standards/dicom/json-model.ts';
import { foldName } from '../../src/standards/dicom/person-name.ts';
import { matchOf } from '../../src/standards/dicom/query-key.ts';
import { vrOf } from '../../src/standards/dicom/dictionary.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { Database } from '../../src/store/database.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';

const study = {
  name: 'test_study',
  text: `insert into study (study_instance_uid, patient_id, patient_name, patient_name_key, study_date, study_time, accession_number, study_description, first_received_at, last_received_at, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, now(), now(), now()) returning id`,
};
const series = {
  name: 'test_series',
  text: `insert into series (study_id, series_instance_uid, modality, series_number, origin, instance_count, changed_at) values ($1, $2, $3, $4, 'received', $5, now()) returning id`,
};

suite('query engine', () => {
  let home: TestDatabase;
  let database: Database;

  suiteSetup(async () => {
    home = await testDatabase();
    database = new Database({ url: home.url, applicationName: 'test' });
    const rows: readonly (readonly [uid: string, id: string, name: string, date: string, time: string, accession: string, modalities: readonly string[]])[] = [
      ['1.1', 'P1', 'SMITH^John', '20260101', '101530', 'A1', ['CT', 'SR']],
      ['1.2', 'P1', 'SMITH^John', '20260201', '1200', 'A2', ['MR']],
      ['1.3', 'P2', 'Müller^Jörg', '20260301', '235959.5', 'A%3', ['CT']],
      ['1.4', 'P3', 'Yamada^Tarou=山田^太郎=やまだ^たろう', '', '', '', ['CR']],
    ];
    for (const [uid, id, name, date, time, accession, modalities] of rows) {
      const [made] = await database.query<{ id: number }>(study, [uid, id, name, foldName(name), date, time, accession, null]);
      for (const [n, modality] of modalities.entries()) await database.query(series, [made!.id, `${uid}.${n}`, modality, n, 10]);
    }
  });

  suiteTeardown(async () => {
    await database.close();
    await home.close();
  });

  const query = (keys: Record<number, string | readonly string[]>, changes: Partial<IndexQuery> = {}): IndexQuery => ({
    level: 'study', returnLevels: ['patient', 'study'], include: [], limit: 100, offset: 0, fuzzy: false,
    keys: Object.entries(keys).map(([tag, values]) => {
      const match = matchOf(vrOf(Number(tag)), [values].flat(), { emptyValueMatching: true, multipleValueMatching: true });
      assert.ok(match.ok, match.ok ? '' : match.fault.message);
      return { tag: Number(tag), match: match.value };
    }),
    ...changes,
  });
  const found = async (keys: Record<number, string | readonly string[]>, changes: Partial<IndexQuery> = {}): Promise<string[]> =>
    (await searchIndex(database, query(keys, changes))).matches.map((match) => match.string(tags.StudyInstanceUID)!).sort();

  test('single values, UID lists and universal matching  [PS3.4 §C.2.2.2.1–3]', async () => {
    assert.deepEqual(await found({ [tags.PatientID]: 'P1' }), ['1.1', '1.2']);
    assert.deepEqual(await found({ [tags.StudyInstanceUID]: ['1.1', '1.3', '9.9'] }), ['1.1', '1.3']);
    assert.deepEqual(await found({ [tags.PatientID]: '' }), ['1.1', '1.2', '1.3', '1.4']);
  });

  test('wildcards match any run and any one character, and nothing in them reaches SQL  [PS3.4 §C.2.2.2.4]', async () => {
    assert.deepEqual(await found({ [tags.AccessionNumber]: 'A?' }), ['1.1', '1.2']);
    assert.deepEqual(await found({ [tags.AccessionNumber]: 'A%*' }), ['1.3']);
    assert.deepEqual(await found({ [tags.PatientID]: "P1' or '1'='1" }), []);
  });

  test('names match whatever the case and accents, in any of their groups  [PS3.4 §C.2.2.2.1.1]', async () => {
    assert.deepEqual(await found({ [tags.PatientName]: 'smith*' }), ['1.1', '1.2']);
    assert.deepEqual(await found({ [tags.PatientName]: 'MULLER^JORG' }), ['1.3']);
    assert.deepEqual(await found({ [tags.PatientName]: '山田*' }), ['1.4']);
    assert.deepEqual(await found({ [tags.PatientName]: '*=山田*' }), ['1.4']);
    assert.deepEqual(await found({ [tags.PatientName]: 'やまだ^たろう' }), ['1.4']);
    assert.deepEqual(await found({ [tags.PatientName]: 'SMITH' }), []);
  });

  test('fuzzy matching finds the beginning of any word  [PS3.18 §8.3.4.2]', async () => {
    assert.deepEqual(await found({ [tags.PatientName]: 'joh' }, { fuzzy: true }), ['1.1', '1.2']);
  });

  test('date ranges are inclusive and open-ended; studies without a date match none  [PS3.4 §C.2.2.2.5]', async () => {
    assert.deepEqual(await found({ [tags.StudyDate]: '20260101-20260201' }), ['1.1', '1.2']);
    assert.deepEqual(await found({ [tags.StudyDate]: '20260201-' }), ['1.2', '1.3']);
    assert.deepEqual(await found({ [tags.StudyDate]: '-20260101' }), ['1.1']);
  });

  test('a time of less precision stands for all its moments  [PS3.4 §C.2.2.2.5]', async () => {
    assert.deepEqual(await found({ [tags.StudyTime]: '1015' }), ['1.1']);
    assert.deepEqual(await found({ [tags.StudyTime]: '1200-2359' }), ['1.2', '1.3']);
  });

  test('Modalities in Study matches when any series does, and lists them all  [PS3.4 §C.3.4]', async () => {
    assert.deepEqual(await found({ [tags.ModalitiesInStudy]: 'CT' }), ['1.1', '1.3']);
    const [match] = (await searchIndex(database, query({ [tags.StudyInstanceUID]: '1.1' }))).matches;
    assert.deepEqual(match?.strings(tags.ModalitiesInStudy), ['CT', 'SR']);
    assert.deepEqual([match?.string(tags.NumberOfStudyRelatedSeries), match?.string(tags.NumberOfStudyRelatedInstances)], ['2', '20']);
  });

  test('"" finds what is empty  [PS3.4 §C.2.2.2.7]', async () => {
    assert.deepEqual(await found({ [tags.StudyDate]: '""' }), ['1.4']);
  });

  test('pages neither repeat nor skip, and the count says what remains', async () => {
    const pages = [0, 1, 2, 3].map((offset) => searchIndex(database, query({}, { limit: 1, offset })));
    const uids = (await Promise.all(pages)).map((page) => page.matches[0]?.string(tags.StudyInstanceUID));

    assert.deepEqual(new Set(uids), new Set(['1.1', '1.2', '1.3', '1.4']));
    assert.equal((await searchIndex(database, query({}, { limit: 3 }))).more, true);
    assert.equal(await countMatches(database, query({}), 1000), 4);
    assert.equal(await countMatches(database, query({}), 2), 2);
  });

  test('the patient level lists each patient once', async () => {
    const result = await searchIndex(database, query({}, { level: 'patient', returnLevels: ['patient'] }));

    assert.deepEqual(result.matches.map((match) => match.string(tags.PatientID)), ['P1', 'P2', 'P3']);
  });

  test('series are found by their own keys and those of their study', async () => {
    const result = await searchIndex(database, query({ [tags.PatientID]: 'P1', [tags.Modality]: 'SR' }, { level: 'series', returnLevels: ['series'] }));

    assert.deepEqual(result.matches.map((match) => match.string(tags.SeriesInstanceUID)), ['1.1.1']);
  });

  test('a key the index does not hold restricts nothing and is reported', async () => {
    const result = await searchIndex(database, query({ [tags.PatientWeight]: '80', [tags.PatientID]: 'P2' }));

    assert.deepEqual([result.matches.length, result.unsupported], [1, [tags.PatientWeight]]);
  });

  test('a row written as JSON at once says the same as its data set  [PS3.18 §F.2]', async () => {
    for (const level of ['study', 'series'] as const) {
      const wanted = query({}, { level, returnLevels: level === 'study' ? ['patient', 'study'] : ['patient', 'study', 'series'], include: 'all' });
      const { columns, rows } = await searchRows(database, wanted);

      assert.ok(rows.length > 0);
      for (const row of rows) assert.equal(matchWriter(columns, () => 'u')(row), dicomJsonText(matchOfRow(columns, row).with(element(tags.RetrieveURL, 'UR', 'u'))));
    }
  });

  test('values are parameters, never text of the statement', () => {
    const built = buildQuery(query({ [tags.PatientName]: "O'Neil; drop table study*" }));

    assert.equal(built.text.includes('drop'), false);
  });
});
