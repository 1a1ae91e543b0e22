import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface DemoEhr {
  /** FHIR base URL. */
  readonly url: string;
  /** Resource types of the last transaction with their number, for the last line of the demo. */
  received(): ReadonlyMap<string, number>;
  close(): void;
}

const MOST_BYTES = 32 * 1024 * 1024;

/**
 * The smallest thing a FHIR R4 server can be that takes transactions: it answers 201 for every entry (§3.1.0.11.2), keeps nothing but
 * counts, and listens on loopback only. It stands where a hospital's EHR would stand.
 */
export async function startDemoEhr(): Promise<DemoEhr> {
  let counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    let length = 0;
    request.on('data', (part: Buffer) => {
      length += part.length;
      if (length > MOST_BYTES) request.destroy();
      else parts.push(part);
    });
    request.on('end', () => {
      const answered = answer(Buffer.concat(parts).toString('utf8'));
      counts = answered.counts;
      response.writeHead(answered.status, { 'Content-Type': 'application/fhir+json' }).end(JSON.stringify(answered.body));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir/R4`,
    received: () => counts,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Bundle {
  readonly resourceType?: string;
  readonly type?: string;
  readonly entry?: readonly { readonly resource?: { readonly resourceType?: string; readonly id?: string } }[];
}

function answer(text: string): { readonly status: number; readonly body: object; readonly counts: Map<string, number> } {
  const counts = new Map<string, number>();
  let bundle: Bundle;
  try {
    bundle = JSON.parse(text) as Bundle;
  } catch {
    bundle = {};
  }
  if (bundle.resourceType !== 'Bundle' || bundle.type !== 'transaction') {
    return { status: 400, body: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid', diagnostics: 'only transactions are taken' }] }, counts };
  }
  const entry = (bundle.entry ?? []).map(({ resource }, index) => {
    const type = resource?.resourceType ?? 'Unknown';
    counts.set(type, (counts.get(type) ?? 0) + 1);
    return { response: { status: '201 Created', location: `${type}/${resource?.id ?? index}/_history/1`, etag: 'W/"1"' } };
  });
  return { status: 200, body: { resourceType: 'Bundle', type: 'transaction-response', entry }, counts };
}
