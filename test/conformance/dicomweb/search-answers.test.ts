import assert from 'node:assert/strict';
import { archiveFixture, fileOf, smallImage, type ArchiveFixture } from '../../support/archive-fixture.ts';

suite('QIDO-RS answers by configuration', () => {
  let archive: ArchiveFixture;

  suiteSetup(async () => {
    archive = await archiveFixture({ emptyAs: 'empty-list', maxResults: 2 });
    assert.equal((await archive.stow([1, 2, 3].map((n) => fileOf(smallImage('1.2.1', '1.2.1.1', `1.2.1.1.${n}`))))).status, 200);
  });

  suiteTeardown(() => archive.close());

  test('no match is an empty list where a client needs one', async () => {
    const response = await fetch(`${archive.url}/studies?PatientID=nobody`, { headers: { Accept: 'application/dicom+json' } });

    assert.deepEqual([response.status, response.headers.get('content-type'), await response.json()], [200, 'application/dicom+json', []]);
  });

  test('the server’s own maximum ends an answer, and says how many are left  [PS3.18 §8.3.4.4]', async () => {
    const response = await fetch(`${archive.url}/instances?limit=100`);

    assert.equal(((await response.json()) as unknown[]).length, 2);
    assert.equal(response.headers.get('warning'), `299 ${archive.url}: There are 1 additional results that can be requested`);
  });

  test('keys that cannot be matched are named in a Warning, not dropped in silence', async () => {
    const response = await fetch(`${archive.url}/studies?PatientWeight=80`);

    assert.match(response.headers.get('warning') ?? '', /not supported for matching/);
  });
});
