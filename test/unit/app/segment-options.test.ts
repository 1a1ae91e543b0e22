import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/app/config/load-config.ts';
import { segmentOptions, segmentsFolder } from '../../../src/app/segment-writer-component.ts';

suite('what the configuration says of the segment store', () => {
  test('sizes become bytes, durability is demanded when asked for; spares are for the DICOM port alone', () => {
    const loaded = loadConfig({ file: null, environment: {} });
    assert.ok(loaded.ok);
    const config = { ...loaded.value, storage: { ...loaded.value.storage, segmentMegabytes: 2, minFreeMegabytes: 3, memoryMegabytes: 16, requireDurable: true } };

    assert.deepEqual(segmentOptions(config, 'intake'), { folder: segmentsFolder(config.dataDir), writer: 'intake', segmentBytes: 2 << 20, lowBytes: 3 << 20, memoryBytes: 16 << 20, requireDurable: true, spareSegments: 2 });
    assert.equal(segmentOptions(config, 'web').spareSegments, 0);
    assert.equal(segmentOptions(loaded.value, 'web').requireDurable, false);
  });
});
