import assert from 'node:assert/strict';
import { SharedMetrics } from '../../../src/app/shared-metrics.ts';
import { Metrics } from '../../../src/foundation/metrics.ts';

suite('metrics of all processes', () => {
  test('counters of one name are summed, and a process that reports again replaces what it said', async () => {
    const [web, intake] = [new Metrics(), new Metrics()];
    const shared = new SharedMetrics(web);
    web.counter('stored_total', 'Stored').inc(1);
    intake.counter('stored_total', 'Stored').inc(2);

    shared.take('intake', await new SharedMetrics(intake).report());
    intake.counter('stored_total', 'Stored').inc(3);
    shared.take('intake', await new SharedMetrics(intake).report());

    assert.match((await shared.text()).text, /^stored_total 6$/m);
  });

  test('nonsense from a process is left out', async () => {
    const shared = new SharedMetrics(new Metrics());
    shared.take('work', 'no metrics');

    assert.equal(typeof (await shared.text()).text, 'string');
  });
});
