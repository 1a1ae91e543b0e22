import net from 'node:net';

/**
 * What happens to connections: `pass` them on · `refuse` (nobody listens) · `hang` (taken and never answered) · `reset` (closed at once) ·
 * `cut-answer` (the request reaches the peer, its answer is cut off) · `half-close` (the peer's side says it is done, without an answer).
 */
export type FaultMode = 'pass' | 'refuse' | 'hang' | 'reset' | 'cut-answer' | 'half-close';

export interface FaultProxy {
  readonly port: number;
  /** Connections taken so far. */
  readonly connections: number;
  mode(mode: FaultMode): Promise<void>;
  stop(): Promise<void>;
}

export interface FaultProxyOptions {
  readonly targetPort: number;
  /** With `cut-answer`: which chunk of the peer is the answer; the first one unless told. */
  readonly isAnswer?: (chunk: Buffer) => boolean;
}

/** A TCP proxy on loopback that misbehaves when told. */
export async function startFaultProxy({ targetPort, isAnswer = () => true }: FaultProxyOptions): Promise<FaultProxy> {
  let current: FaultMode = 'pass';
  let connections = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    connections += 1;
    track(client);
    if (current === 'reset') client.resetAndDestroy();
    else if (current === 'hang') client.resume();
    else if (current === 'half-close') client.once('data', () => client.end());
    else forward(client, current);
  });

  function forward(client: net.Socket, mode: FaultMode): void {
    const upstream = net.connect(targetPort, '127.0.0.1');
    track(upstream);
    client.on('data', (chunk) => upstream.write(chunk));
    client.on('end', () => upstream.end());
    upstream.on('data', (chunk: Buffer) => {
      if (mode === 'cut-answer' && isAnswer(chunk)) {
        client.destroy();
        upstream.destroy();
      } else client.write(chunk);
    });
    upstream.on('end', () => client.end());
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  }

  function track(socket: net.Socket): void {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  }

  const listen = (port: number): Promise<void> => new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      if (server.listening) server.close(() => resolve());
      else resolve();
    });
  await listen(0);
  const { port } = server.address() as net.AddressInfo;
  return {
    port,
    get connections() {
      return connections;
    },
    mode: async (mode) => {
      // Connections that are open were made under the old mode; a client that keeps them alive must make new ones.
      for (const socket of sockets) socket.destroy();
      if (mode === 'refuse') await close();
      else if (current === 'refuse') await listen(port);
      current = mode;
    },
    stop: close,
  };
}
