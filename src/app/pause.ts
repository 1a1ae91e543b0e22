/** Waits. Unlike foundation's `delay` it keeps the process alive: what waits for a lock or a server must not be forgotten. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
