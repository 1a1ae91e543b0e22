import Mocha from 'mocha';

const { EVENT_RUN_END, EVENT_TEST_PENDING } = Mocha.Runner.constants;

/** Mocha's spec reporter, followed by what was skipped and the closing line `N passed, N failed`. */
export default class ClosingLineReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on(EVENT_TEST_PENDING, (test) => skipped.push(test.fullTitle()));
    runner.on(EVENT_RUN_END, () => {
      if (skipped.length > 0) console.log(`\nSkipped, for want of a peer or of the corpus (${skipped.length}):\n${skipped.map((title) => `  - ${title}`).join('\n')}`);
      const { passes, failures } = runner.stats;
      process.on('exit', () => console.log(`${passes} passed, ${failures} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`));
    });
  }
}
