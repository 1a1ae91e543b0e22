import { z } from 'zod';
import type { DeliveryOutcome } from '../../domain/delivery.ts';
import { submitTransaction, type FhirTarget } from '../../peers/fhir/fhir-client.ts';
import { authorization, createAgent, httpPeerShape } from '../../peers/http-agent.ts';
import { destinationKind, destinationName } from '../destination-kind.ts';
import type { FhirPayload } from '../destination.ts';
import { refuseMediaType } from '../payload-check.ts';

/** An EHR or FHIR store that takes transaction bundles, FHIR R4. */
export const fhir = destinationKind({
  kind: 'fhir',
  schema: z.strictObject({
    name: destinationName,
    kind: z.literal('fhir'),
    ...httpPeerShape,
    url: httpPeerShape.url.describe('Base of the FHIR service, for example https://ehr/fhir/R4'),
  }),
  mediaTypes: ['application/fhir+json'],
  create: (config, tools) => {
    const dispatcher = createAgent(config, tools.resolvePath);
    const target: FhirTarget = {
      url: config.url.replace(/\/$/, ''),
      headers: { ...authorization(config, tools.secret), 'user-agent': tools.software },
      dispatcher,
      timeoutMs: config.timeoutSeconds * 1_000,
      clock: tools.clock,
    };
    return {
      name: config.name,
      kind: config.kind,
      concurrency: config.concurrency,
      batchSize: 1,
      deliver: (payloads, signal) =>
        refuseMediaType(payloads, 'application/fhir+json', async (bundles) => {
          const outcomes: DeliveryOutcome[] = [];
          for (const bundle of bundles) outcomes.push(await submitTransaction(target, parsed(bundle), bundle.name, signal));
          return outcomes;
        }),
      close: () => dispatcher.destroy(),
    };
  },
});

function parsed(payload: FhirPayload): { resourceType: string } {
  return JSON.parse(Buffer.from(payload.bytes).toString('utf8')) as { resourceType: string };
}
