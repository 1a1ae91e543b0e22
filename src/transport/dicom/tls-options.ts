import type { ConnectionOptions, PeerCertificate as NodeCertificate, TlsOptions, TLSSocket } from 'node:tls';
import type { PeerCertificate } from './dimse-service.ts';

/** Keys and certificates of one side, PEM. */
export interface TlsIdentity {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface ServerTls extends TlsIdentity {
  /** Authorities whose client certificates count. */
  readonly ca?: string | Buffer;
  readonly requireClientCertificate: boolean;
}

export interface ClientTls extends Partial<TlsIdentity> {
  /** Authorities the server's certificate must come from; Node's own list when left out. */
  readonly ca?: string | Buffer;
  /** Name the certificate must bear; the host that is connected to when left out. */
  readonly serverName?: string;
  /** Take any certificate. For tests and closed networks only. */
  readonly acceptAnyCertificate?: boolean;
}

/**
 * BCP 195 TLS Secure Transport Connection Profile, PS3.15 §B.12: TLS 1.2 at least, forward secrecy, AEAD ciphers only
 * (RFC 9325 §4.2), our order.
 */
const profile = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_256_GCM_SHA384',
    'TLS_AES_128_GCM_SHA256',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'DHE-RSA-AES256-GCM-SHA384',
    'DHE-RSA-AES128-GCM-SHA256',
  ].join(':'),
} as const;

export function serverTlsOptions(tls: ServerTls, handshakeTimeoutMs: number): TlsOptions {
  return {
    handshakeTimeout: handshakeTimeoutMs,
    requestCert: tls.requireClientCertificate || tls.ca !== undefined,
    rejectUnauthorized: tls.requireClientCertificate,
    ...secureContext(tls),
  };
}

/** What `tls.Server.setSecureContext` takes to change certificates while it runs. */
export function secureContext(tls: ServerTls): TlsOptions {
  return { ...profile, dhparam: 'auto', honorCipherOrder: true, cert: tls.cert, key: tls.key, ...(tls.ca === undefined ? {} : { ca: tls.ca }) };
}

export function clientTlsOptions(tls: ClientTls): ConnectionOptions {
  return {
    ...profile,
    rejectUnauthorized: tls.acceptAnyCertificate !== true,
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

/** The peer's certificate, only when it was verified. */
export function verifiedCertificate(socket: TLSSocket): PeerCertificate | undefined {
  if (!socket.authorized) return undefined;
  const certificate: Partial<NodeCertificate> = socket.getPeerCertificate();
  if (certificate.fingerprint256 === undefined) return undefined;
  return {
    commonName: [certificate.subject?.CN].flat()[0] ?? '',
    subjectAltName: certificate.subjectaltname ?? '',
    fingerprint256: certificate.fingerprint256,
  };
}
