import { connect, createServer } from 'node:net';

/** Waits until `condition` holds; fails with what was waited for when it does not within `withinMs`. */
export async function eventually(what: string, condition: () => boolean, withinMs = 15_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A port of loopback that nothing listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** Waits until something listens on a port of loopback. */
export async function listening(port: number): Promise<void> {
  let isUp = false;
  await eventually(`a listener on ${port}`, () => {
    const socket = connect(port, '127.0.0.1', () => {
      isUp = true;
      socket.destroy();
    });
    socket.on('error', () => {});
    return isUp;
  });
}
