import assert from 'node:assert/strict';
import type { Component } from '../../../src/app/component.ts';
import { Lifecycle } from '../../../src/app/lifecycle.ts';
import { systemClock } from '../../../src/foundation/clock.ts';
import { silentLog } from '../../../src/foundation/log.ts';

function recorded(name: string, diary: string[], faults: { start?: boolean; stop?: boolean } = {}): Component {
  return {
    name,
    start: async () => {
      if (faults.start === true) throw new Error(`${name} cannot`);
      diary.push(`start ${name}`);
    },
    quiesce: () => void diary.push(`quiesce ${name}`),
    stop: async () => {
      diary.push(`stop ${name}`);
      if (faults.stop === true) throw new Error(`${name} will not`);
    },
    unready: () => (name === 'b' ? ['recovering'] : []),
  };
}

suite('lifecycle', () => {
  test('components start in order; on the way down all quiesce before any stops, in reverse order', async () => {
    const diary: string[] = [];
    const lifecycle = new Lifecycle(silentLog, systemClock);

    await lifecycle.start([recorded('a', diary), recorded('b', diary)], 1000);
    await lifecycle.stop(1000);

    assert.deepEqual(diary, ['start a', 'start b', 'quiesce b', 'quiesce a', 'stop b', 'stop a']);
  });

  test('when one cannot start, those before it are stopped and its reason is passed on', async () => {
    const diary: string[] = [];
    const lifecycle = new Lifecycle(silentLog, systemClock);

    await assert.rejects(lifecycle.start([recorded('a', diary), recorded('b', diary, { start: true })], 1000), /b cannot/);

    assert.deepEqual(diary, ['start a', 'quiesce a', 'stop a']);
  });

  test('one that fails to stop does not keep the others from stopping', async () => {
    const diary: string[] = [];
    const lifecycle = new Lifecycle(silentLog, systemClock);
    await lifecycle.start([recorded('a', diary), recorded('b', diary, { stop: true })], 1000);

    await lifecycle.stop(1000);

    assert.ok(diary.includes('stop a'));
  });

  test('one that hangs is left behind at the deadline', async () => {
    const diary: string[] = [];
    const lifecycle = new Lifecycle(silentLog, systemClock);
    const hanging: Component = { name: 'hanging', start: async () => undefined, stop: () => new Promise(() => undefined) };
    await lifecycle.start([recorded('a', diary), hanging], 10);

    await lifecycle.stop(10);

    assert.ok(diary.includes('stop a'));
  });

  test('readiness names the component that is not ready', async () => {
    const lifecycle = new Lifecycle(silentLog, systemClock);
    await lifecycle.start([recorded('a', []), recorded('b', [])], 1000);

    assert.deepEqual(lifecycle.unready(), ['b: recovering']);
  });
});
