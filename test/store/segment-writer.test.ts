import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { openDurableFile, type DurableFile, type OpenDurableFile } from '../../src/store/segments/durable-file.ts';
import { segmentNumberOf } from '../../src/store/segments/blob-address.ts';
import type { RecordHeader } from '../../src/store/segments/record-format.ts';
import { SegmentReader } from '../../src/store/segments/segment-reader.ts';
import { SegmentScan, type ScannedRecord } from '../../src/store/segments/segment-scan.ts';
import { addressOf, type SegmentWriter } from '../../src/store/segments/segment-writer.ts';
import { describeRecord, openWriter, sampleBytes, temporaryFolder } from '../support/segments.ts';

async function store(writer: SegmentWriter, bytes: Buffer, pieces = 65_536): Promise<RecordHeader> {
  const record = writer.newRecord();
  for (let at = 0; at < bytes.length; at += pieces) await record.write(bytes.subarray(at, at + pieces));
  return record.commit(describeRecord({ sopInstanceUid: `2.25.${bytes.length}` }));
}

async function scanAll(folder: string): Promise<ScannedRecord[]> {
  const found: ScannedRecord[] = [];
  for (const name of readdirSync(path.join(folder, 'intake')).filter((name) => segmentNumberOf(name) !== undefined)) {
    const scan = await SegmentScan.open(path.join(folder, 'intake', name));
    if (scan === undefined) continue;
    for await (const record of scan.records({ verifyData: true })) found.push(record);
    await scan.close();
  }
  return found;
}

suite('segment writer', () => {
  for (const durability of ['direct', 'fdatasync'] as const) {
    test(`objects of any length are read back byte for byte (${durability})`, async () => {
      const folder = temporaryFolder();
      const writer = await openWriter(folder, { durability, largeBytes: 256 * 1024 });
      const reader = new SegmentReader(folder);
      const lengths = [0, 1, 3055, 3056, 3057, 4096, 64_511, 64_512, 64_513, 65_536, 262_143, 262_144, 300_001, 1_048_576, 5_000_001];

      const stored = await Promise.all(lengths.map(async (length, i) => ({ bytes: sampleBytes(length, i + 1), header: await store(writer, sampleBytes(length, i + 1), 40_001) })));

      for (const { bytes, header } of stored) assert.ok((await reader.readRange(addressOf('intake', header))).equals(bytes), `${bytes.length} bytes`);
      const found = await scanAll(folder);
      assert.equal(found.length, lengths.length);
      assert.ok(found.every((record) => record.state === 'whole'));
      reader.close();
      await writer.close();
    });
  }

  test('a range and a stream of an object give its bytes', async () => {
    const folder = temporaryFolder();
    const writer = await openWriter(folder);
    const reader = new SegmentReader(folder);
    const bytes = sampleBytes(3_000_000);
    const address = addressOf('intake', await store(writer, bytes));

    const pieces: Buffer[] = [];
    for await (const piece of reader.stream(address, { start: 10, end: 2_999_990 }, 100_000)) pieces.push(piece);

    assert.ok(Buffer.concat(pieces).equals(bytes.subarray(10, 2_999_990)));
    assert.ok((await reader.readRange(address, 5, 17)).equals(bytes.subarray(5, 17)));
    await assert.rejects(reader.readRange({ ...address, segment: 1 }), { code: 'BLOB_UNREADABLE', failure: 'permanent' });
    reader.close();
    await writer.close();
  });

  test('many objects at once share durable writes, and each is acknowledged after its own', async () => {
    const folder = temporaryFolder();
    const writer = await openWriter(folder, { segmentBytes: 64 << 20 });

    const headers = await Promise.all(Array.from({ length: 400 }, (_, i) => store(writer, sampleBytes(9_000 + i, i + 1))));

    assert.equal(new Set(headers.map((header) => `${header.segment}/${header.offset}`)).size, 400);
    assert.ok(writer.load.batches < 50, `${writer.load.batches} batches`);
    await writer.close();
  });

  test('an abandoned object leaves nothing, small or large', async () => {
    const folder = temporaryFolder();
    const writer = await openWriter(folder, { largeBytes: 256 * 1024 });
    const small = writer.newRecord();
    await small.write(sampleBytes(1_000));
    const large = writer.newRecord();
    for (let i = 0; i < 40; i += 1) await large.write(sampleBytes(65_536, i + 1));

    await small.abandon();
    await large.abandon();
    const kept = await store(writer, sampleBytes(2_000_000));

    assert.deepEqual((await scanAll(folder)).map((record) => record.header.offset), [kept.offset]);
    assert.equal(writer.load.memoryBytes, 0);
    await writer.close();
  });

  test('bytes of one object never show in the padding of another', async () => {
    const folder = temporaryFolder();
    const writer = await openWriter(folder);
    await store(writer, Buffer.alloc(200_000, 'SECRET'));
    const first = readdirSync(path.join(folder, 'intake')).filter((name) => name.endsWith('.seg'));

    const header = await store(writer, Buffer.alloc(100, 'x'));

    const bytes = readFileSync(path.join(folder, 'intake', first[0]!));
    assert.equal(bytes.subarray(header.offset).includes('SECRET'), false);
    await writer.close();
  });

  test('a restarted writer goes on in its segments instead of beginning new ones', async () => {
    const folder = temporaryFolder();
    const first = await openWriter(folder);
    const one = await store(first, sampleBytes(10_000));
    await first.close();

    const second = await openWriter(folder);
    const two = await store(second, sampleBytes(10_001));

    assert.equal(two.segment, one.segment);
    assert.ok(two.offset > one.offset);
    assert.equal((await scanAll(folder)).length, 2);
    await second.close();
  });

  test('a full segment is sealed and left, and spares are used when there are any', async () => {
    const folder = temporaryFolder();
    const writer = await openWriter(folder, { segmentBytes: 1 << 20, spareSegments: 2 });
    await writer.sparesReady();
    assert.equal(writer.load.spareSegments, 2);

    const headers: RecordHeader[] = [];
    for (let i = 0; i < 12; i += 1) headers.push(await store(writer, sampleBytes(200_000, i + 1)));

    assert.equal(new Set(headers.map((header) => header.segment)).size, 3);
    assert.equal((await scanAll(folder)).length, 12);
    assert.ok(statSync(path.join(folder, 'intake', `${String(headers[0]!.segment).padStart(16, '0')}.seg`)).size === 1 << 20);
    await writer.close();
  });

  test('a second process is refused while the first lives, and let in after it', async () => {
    const folder = temporaryFolder();
    const writer = await openWriter(folder);

    await assert.rejects(openWriter(folder), { code: 'STORE_LOCKED', failure: 'transient' });
    await writer.close();

    await (await openWriter(folder)).close();
  });

  test('with the memory budget used, senders wait or write through, and everything arrives', async () => {
    const folder = temporaryFolder();
    const writer = await openWriter(folder, { memoryBytes: 1 << 20, largeBytes: 8 << 20, segmentBytes: 16 << 20 });
    let most = 0;

    const stored = await Promise.all(
      Array.from({ length: 24 }, async (_, i) => {
        const bytes = sampleBytes(700_000, i + 1);
        const record = writer.newRecord();
        for (let at = 0; at < bytes.length; at += 65_536) {
          await record.write(bytes.subarray(at, at + 65_536));
          most = Math.max(most, writer.load.memoryBytes);
        }
        return { bytes, header: await record.commit(describeRecord()) };
      }),
    );

    assert.ok(most <= (1 << 20) + 24 * 5 * 65_536, `${most} bytes held`);
    const reader = new SegmentReader(folder);
    for (const { bytes, header } of stored) assert.ok((await reader.readRange(addressOf('intake', header))).equals(bytes));
    assert.equal(writer.load.memoryBytes, 0);
    reader.close();
    await writer.close();
  });

  test('a large object is written while it arrives: what is held of it is bounded, and it lies in one piece', async () => {
    const folder = temporaryFolder();
    const writer = await openWriter(folder, { segmentBytes: 16 << 20 });
    const piece = sampleBytes(131_066);
    const record = writer.newRecord();
    let most = 0;
    for (let i = 0; i < 1_200; i += 1) {
      await record.write(piece);
      most = Math.max(most, writer.load.memoryBytes);
    }

    const header = await record.commit(describeRecord());

    assert.ok(most < 12 << 20, `${most} bytes held`);
    assert.equal(header.dataLength, 1_200 * piece.length);
    const reader = new SegmentReader(folder);
    const address = addressOf('intake', header);
    for (const i of [0, 599, 1_199]) assert.ok((await reader.readRange(address, i * piece.length, (i + 1) * piece.length)).equals(piece));
    reader.close();
    await writer.close();
  });

  test('no space: STORE_FULL for every object of the batch, nothing visible, and the next one works when space is back', async () => {
    const folder = temporaryFolder();
    let full = false;
    const openFile: OpenDurableFile = async (file, durability) => withoutSpace(await openDurableFile(file, durability), () => full);
    const states: string[] = [];
    const writer = await openWriter(folder, { openFile, largeBytes: 256 * 1024, onSpaceChange: (state) => states.push(state) });
    await store(writer, sampleBytes(1_000));

    full = true;
    const failures = await Promise.allSettled([store(writer, sampleBytes(2_000)), store(writer, sampleBytes(900_000)), store(writer, sampleBytes(2_001))]);
    full = false;
    const after = await store(writer, sampleBytes(3_000));

    for (const failure of failures) {
      assert.equal(failure.status, 'rejected');
      assert.equal((failure.reason as { code: string }).code, 'STORE_FULL');
      writer.noteFailure(failure.reason);
    }
    assert.equal(writer.space, 'full');
    assert.deepEqual(states, ['full']);
    const found = await scanAll(folder);
    assert.deepEqual(found.map((record) => record.header.dataLength).sort((a, b) => a - b), [1_000, 3_000]);
    assert.ok(found.some((record) => record.header.segment === after.segment));
    assert.equal(writer.load.memoryBytes, 0);
    await writer.close();
  });
});

suite('segment scan', () => {
  test('a torn, zeroed, truncated or flipped tail hides no record before or behind it', async () => {
    const folder = temporaryFolder();
    const writer = await openWriter(folder);
    const headers: RecordHeader[] = [];
    for (let i = 0; i < 8; i += 1) headers.push(await store(writer, sampleBytes(30_000 + i, i + 1)));
    await writer.close();
    const name = readdirSync(path.join(folder, 'intake')).find((name) => name.endsWith('.seg'))!;
    const whole = readFileSync(path.join(folder, 'intake', name));

    await fc.assert(
      fc.asyncProperty(fc.nat(7), fc.constantFrom('zero', 'truncate', 'flip', 'tear'), fc.nat(30_000), async (index, kind, at) => {
        const bytes = Buffer.from(whole);
        const victim = headers[index]!;
        const position = victim.offset + Math.min(at, 1024 + victim.dataLength - 1);
        if (kind === 'zero') bytes.fill(0, position, Math.min(bytes.length, victim.offset + 1024 + victim.dataLength + 32));
        if (kind === 'tear') bytes.fill(0xaa, position - (position % 512), Math.min(bytes.length, victim.offset + 1024 + victim.dataLength + 32));
        if (kind === 'flip') bytes[position]! ^= 0x10;
        writeFileSync(path.join(folder, 'intake', name), kind === 'truncate' ? bytes.subarray(0, position) : bytes);

        const good = (await scanAll(folder)).filter((record) => record.state === 'whole').map((record) => record.header.offset);

        const expected = headers.filter((_header, i) => (kind === 'truncate' ? i < index : i !== index)).map((header) => header.offset);
        // Padding inside the header block may be hit without harm.
        assert.ok(expected.every((offset) => good.includes(offset)), `${kind} at ${at} of ${index}`);
        assert.ok(good.every((offset) => expected.includes(offset) || offset === victim.offset));
        if (good.includes(victim.offset)) assert.ok(bytes.subarray(victim.offset, victim.offset + 1024 + victim.dataLength).equals(whole.subarray(victim.offset, victim.offset + 1024 + victim.dataLength)));
      }),
      { numRuns: 80 },
    );
  });
});

function withoutSpace(file: DurableFile, isFull: () => boolean): DurableFile {
  const guard = async (): Promise<void> => {
    if (isFull()) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
  };
  return {
    write: async (buffers, position) => { await guard(); await file.write(buffers, position); },
    writeUnsynced: async (buffers, position) => { await guard(); await file.writeUnsynced(buffers, position); },
    sync: () => file.sync(),
    close: () => file.close(),
  };
}
