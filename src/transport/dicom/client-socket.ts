import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { GatewayError } from '../../foundation/errors.ts';
import { clientTlsOptions, type ClientTls } from './tls-options.ts';

export interface SocketTarget {
  readonly host: string;
  readonly port: number;
  readonly tls?: ClientTls;
}

/**
 * A connected socket, TLS handshake included when asked for.
 *
 * Errors (GatewayError): `DIMSE_CONNECT_FAILED` transient, `DIMSE_TLS_FAILED` permanent (certificate not accepted, no common protocol),
 * `DIMSE_TIMEOUT` transient when `signal` comes first.
 */
export function openSocket(target: SocketTarget, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = start(target);
    // Nagle against delayed acknowledgement costs 40 ms per small instance.
    socket.setNoDelay(true);
    const finish = (): void => {
      socket.off('error', failed);
      socket.off('close', closed);
      signal.removeEventListener('abort', gaveUp);
    };
    const fail = (error: GatewayError): void => {
      finish();
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const failed = (error: NodeJS.ErrnoException): void => fail(failureOf(target, error));
    const closed = (): void => fail(failureOf(target, Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
    const gaveUp = (): void => fail(new GatewayError('DIMSE_TIMEOUT', 'not connected before the deadline', { failure: 'transient', context: where(target), cause: signal.reason }));
    socket.on('error', failed);
    socket.on('close', closed);
    signal.addEventListener('abort', gaveUp, { once: true });
    if (signal.aborted) return gaveUp();
    socket.once(target.tls === undefined ? 'connect' : 'secureConnect', () => {
      finish();
      resolve(socket);
    });
  });
}

function start({ host, port, tls }: SocketTarget): Socket {
  if (tls === undefined) return connect({ host, port });
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port, ...servername, ...clientTlsOptions(tls) });
}

function failureOf(target: SocketTarget, error: NodeJS.ErrnoException): GatewayError {
  const code = error.code ?? error.name;
  const isTls = target.tls !== undefined && !/^E(CONN|HOST|NET|PIPE|TIMEDOUT|ADDR|AI_|NOTFOUND)/.test(code);
  return isTls
    ? new GatewayError('DIMSE_TLS_FAILED', `TLS could not be agreed: ${code}`, { failure: 'permanent', context: where(target), cause: error })
    : new GatewayError('DIMSE_CONNECT_FAILED', `could not connect: ${code}`, { failure: 'transient', context: where(target), cause: error });
}

function where({ host, port }: SocketTarget): { host: string; port: number } {
  return { host, port };
}
