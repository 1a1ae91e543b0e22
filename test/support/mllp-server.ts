import net from 'node:net';
import { readMessage, type ReadMessage } from '../../src/standards/hl7v2/message.ts';
import { FrameReader, frameMessage } from '../../src/transport/mllp/mllp-framing.ts';

/** A small MLLP receiver: keeps each message once by MSH-10 and acknowledges in original mode, unless told otherwise. */
export interface MllpServer {
  readonly port: number;
  /** MSH-10 → message text, as received first. */
  readonly messages: ReadonlyMap<string, string>;
  readonly received: readonly string[];
  /** What to answer instead of AA; given the message, returns the acknowledgement's segments after MSH, or null for none. */
  answer: ((message: ReadMessage) => string | null) | undefined;
  stop(): Promise<void>;
}

export async function startMllpServer(): Promise<MllpServer> {
  const messages = new Map<string, string>();
  const received: string[] = [];
  const sockets = new Set<net.Socket>();
  const state: { answer: MllpServer['answer'] } = { answer: undefined };
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    const reader = new FrameReader(1 << 20);
    socket.on('data', (chunk: Buffer) => {
      const frames = reader.push(chunk);
      if (frames === 'overflow') return void socket.destroy();
      for (const frame of frames) take(frame.toString('utf8'), socket);
    });
  });

  function take(text: string, socket: net.Socket): void {
    const read = readMessage(text);
    if (!read.ok) return void socket.destroy();
    const controlId = read.value.field('MSH', 10);
    received.push(controlId);
    if (!messages.has(controlId)) messages.set(controlId, text);
    const body = state.answer === undefined ? `MSA|AA|${controlId}` : state.answer(read.value);
    if (body !== null) socket.write(frameMessage(Buffer.from(`MSH|^~\\&|EHR|HOSP|ISOCENTER||20260101||ACK^R01^ACK|A1|P|2.5.1\r${body}\r`)));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    messages,
    received,
    get answer() {
      return state.answer;
    },
    set answer(value) {
      state.answer = value;
    },
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
