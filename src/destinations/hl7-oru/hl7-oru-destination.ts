import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { DeliveryOutcome } from '../../domain/delivery.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import { acknowledgementOutcome } from '../../peers/hl7/hl7-response.ts';
import { readMessage } from '../../standards/hl7v2/message.ts';
import { MllpClient } from '../../transport/mllp/mllp-client.ts';
import { destinationKind, destinationName } from '../destination-kind.ts';
import { refuseMediaType } from '../payload-check.ts';

/** A RIS or EHR that takes ORU^R01 over MLLP, HL7 v2.5.1. One message is outstanding per connection, and there is one connection. */
export const hl7Oru = destinationKind({
  kind: 'hl7-oru',
  schema: z.strictObject({
    name: destinationName,
    kind: z.literal('hl7-oru'),
    host: z.string().min(1).describe('Host name or address'),
    port: z.int().min(1).max(65_535).describe('TCP port of its MLLP listener'),
    timeoutSeconds: z.number().min(1).max(600).default(30).describe('Longest wait for an acknowledgement, seconds'),
    tls: z
      .union([z.boolean(), z.strictObject({ ca: z.string().optional().describe('PEM file with the certificates to trust instead of the system’s'), cert: z.string().optional().describe('PEM file with our certificate'), key: z.string().optional().describe('PEM file with its key') })])
      .default(false)
      .describe('MLLP over TLS; with PEM files: whom to trust, and our certificate for mutual TLS'),
    concurrency: z.int().min(1).max(1).default(1).describe('Messages keep their order: one at a time'),
  }),
  mediaTypes: ['application/hl7-v2'],
  create: (config, tools) => {
    const pem = (file: string | undefined): string | undefined => (file === undefined ? undefined : readFileSync(tools.resolvePath(file), 'utf8'));
    const files = typeof config.tls === 'boolean' ? {} : config.tls;
    const secure = config.tls === false ? undefined : { ca: pem(files.ca), cert: pem(files.cert), key: pem(files.key) };
    const client = new MllpClient({ host: config.host, port: config.port, tls: secure, connectTimeoutMs: 10_000 });
    return {
      name: config.name,
      kind: config.kind,
      concurrency: 1,
      batchSize: 1,
      deliver: (payloads, signal) =>
        refuseMediaType(payloads, 'application/hl7-v2', async (messages) => {
          const outcomes: DeliveryOutcome[] = [];
          for (const { bytes } of messages) outcomes.push(await send(client, bytes, config.timeoutSeconds * 1_000, signal));
          return outcomes;
        }),
      close: () => {
        client.close();
        return Promise.resolve();
      },
    };
  },
});

async function send(client: MllpClient, bytes: Uint8Array, timeoutMs: number, signal: AbortSignal): Promise<DeliveryOutcome> {
  const read = readMessage(Buffer.from(bytes).toString('utf8'));
  if (!read.ok) return { kind: 'failed', failure: 'permanent', code: 'MESSAGE_UNREADABLE', message: 'was given something that is no HL7 message', peerIsAtFault: false };
  try {
    const answer = await client.exchange(bytes, timeoutMs, signal);
    // Codes and control ids are ASCII whatever MSH-18 says.
    const outcome = acknowledgementOutcome(answer.toString('latin1'), read.value.field('MSH', 10));
    // An answer to another message: what else is on its way on this connection cannot be told apart any more.
    if (outcome.kind === 'failed' && outcome.code === 'PEER_NO_OUTCOME') client.close();
    return outcome;
  } catch (thrown) {
    const error = asGatewayError(thrown);
    return { kind: 'failed', failure: error.failure, code: error.code, message: error.message, peerIsAtFault: true };
  }
}
