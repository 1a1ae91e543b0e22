import net from 'node:net';

export interface SmtpServer {
  readonly port: number;
  /** The texts that were taken, headers and all. */
  readonly mails: readonly string[];
  stop(): Promise<void>;
}

/** A mail server on loopback, as far as one mail needs it (RFC 5321): no TLS, no login. */
export async function startSmtpServer(): Promise<SmtpServer> {
  const mails: string[] = [];
  const server = net.createServer((socket) => {
    let text = '';
    let inMail = false;
    socket.on('error', () => undefined);
    socket.write('220 test\r\n');
    socket.on('data', (chunk) => {
      text += chunk.toString();
      for (;;) {
        const end = inMail ? text.indexOf('\r\n.\r\n') : text.indexOf('\r\n');
        if (end < 0) return;
        const taken = text.slice(0, end);
        text = text.slice(end + (inMail ? 5 : 2));
        if (inMail) {
          mails.push(taken);
          inMail = false;
          socket.write('250 taken\r\n');
        } else if (/^DATA/i.test(taken)) {
          inMail = true;
          socket.write('354 go on\r\n');
        } else if (/^QUIT/i.test(taken)) socket.end('221 bye\r\n');
        else socket.write('250 fine\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    mails,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
