/** Waits until `condition` holds, asking every 20 ms; fails after `deadlineMs`. */
export async function eventually(condition: () => boolean | Promise<boolean>, deadlineMs: number, what = 'the condition'): Promise<void> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    try {
      if (await condition()) return;
    } catch (thrown) {
      if (performance.now() >= giveUpAt) throw thrown;
    }
    if (performance.now() >= giveUpAt) throw new Error(`${what} did not hold within ${deadlineMs} ms`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
