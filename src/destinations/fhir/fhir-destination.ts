import { z } from 'zod';
import type { DeliveryOutcome } from '../../domain/delivery.ts';
import { submitTransaction, type FhirTarget } from '../../peers/fhir/fhir-client.ts';
import { authorization, createAgent, httpPeerShape } from '../../peers/http-agent.ts';
import { oauthSchema, OauthTokens } from '../../peers/oauth-token.ts';
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
    oauth: oauthSchema.optional().describe('Access tokens by OAuth 2.0 client credentials: with a secret, or with a signed assertion (SMART Backend Services)'),
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
    const tokens = config.oauth === undefined ? undefined : new OauthTokens(config.oauth, { clock: tools.clock, dispatcher, resolvePath: tools.resolvePath, secret: tools.secret });
    return {
      name: config.name,
      kind: config.kind,
      concurrency: config.concurrency,
      batchSize: 1,
      deliver: (payloads, signal) =>
        refuseMediaType(payloads, 'application/fhir+json', async (bundles) => {
          const outcomes: DeliveryOutcome[] = [];
          for (const bundle of bundles) outcomes.push(await submit(target, tokens, bundle, signal));
          return outcomes;
        }),
      close: () => dispatcher.destroy(),
    };
  },
});

/** Without a token nothing is sent. A token that the server does not accept any more is asked for anew, and the bundle waits for its repeat. */
async function submit(target: FhirTarget, tokens: OauthTokens | undefined, bundle: FhirPayload, signal: AbortSignal): Promise<DeliveryOutcome> {
  if (tokens === undefined) return submitTransaction(target, parsed(bundle), bundle.name, signal);
  const asked = await tokens.token(signal);
  if ('failure' in asked) return asked.failure;
  const outcome = await submitTransaction({ ...target, headers: { ...target.headers, authorization: `Bearer ${asked.token}` } }, parsed(bundle), bundle.name, signal);
  if (outcome.kind === 'failed' && outcome.status === '401') tokens.forget();
  return outcome;
}

function parsed(payload: FhirPayload): { resourceType: string } {
  return JSON.parse(Buffer.from(payload.bytes).toString('utf8')) as { resourceType: string };
}
