import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { putModel, onDisk, temporaryFolder, tinyChest } from '../../support/model-fixture.ts';
import { eventually } from '../../support/eventually.ts';
import { writeFileSync } from 'node:fs';

suite('model-runtime/model-child', () => {
  test('a child ends when the gateway that forked it is killed', async function () {
    if (!existsSync('/proc/self')) this.skip();
    const { folder, drop } = temporaryFolder();
    putModel(path.join(folder, 'models'));
    const series = onDisk(tinyChest(), folder);
    const script = path.join(folder, 'gateway.mts');
    writeFileSync(script, gatewayScript(path.join(folder, 'models'), series));
    const gateway = spawn(process.execPath, ['--import', 'tsx', script], { cwd: path.resolve(import.meta.dirname, '../../..'), stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => gateway.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))));
    assert.ok(existsSync(`/proc/${pid}`));

    gateway.kill('SIGKILL');

    await eventually(() => !existsSync(`/proc/${pid}`), 20_000, 'the end of the child');
    drop();
  });
});

function gatewayScript(modelsDir: string, series: object): string {
  const src = path.resolve(import.meta.dirname, '../../../src');
  return `
import { ModelPool } from ${JSON.stringify(`${src}/model-runtime/child-pool.ts`)};
import { systemClock } from ${JSON.stringify(`${src}/foundation/clock.ts`)};
import { silentLog } from ${JSON.stringify(`${src}/foundation/log.ts`)};
const pool = await ModelPool.start({ modelsDir: ${JSON.stringify(modelsDir)}, slots: 1, clock: systemClock, log: silentLog });
const series = ${JSON.stringify(series)};
await pool.run({ modelId: 'tiny-lung', series, jobKey: 'x' }, { signal: new AbortController().signal });
console.log(pool.slots()[0].pid);
setInterval(() => {}, 1000);
`;
}
