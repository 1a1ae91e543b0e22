import { z } from 'zod';
import { authorization, createAgent, httpPeerShape } from '../../peers/http-agent.ts';
import { stowInstances } from '../../peers/stow/stow-client.ts';
import { destinationKind, destinationName } from '../destination-kind.ts';
import { ladderShape } from '../ladder-options.ts';
import { refuseMediaType } from '../payload-check.ts';

/** A PACS or archive that takes objects over DICOMweb, PS3.18 §10.5. */
export const stowRs = destinationKind({
  kind: 'stow-rs',
  schema: z.strictObject({
    name: destinationName,
    kind: z.literal('stow-rs'),
    ...httpPeerShape,
    url: httpPeerShape.url.describe('The studies resource of the DICOMweb service, for example http://pacs:8042/dicom-web/studies'),
    ...ladderShape,
    batchSize: z.int().min(1).max(500).default(50).describe('Instances in one request'),
  }),
  mediaTypes: ['application/dicom'],
  create: (config, tools) => {
    const dispatcher = createAgent(config, tools.resolvePath);
    const target = { url: config.url, headers: { ...authorization(config, tools.secret), 'user-agent': tools.software }, dispatcher, clock: tools.clock };
    return {
      name: config.name,
      kind: config.kind,
      concurrency: config.concurrency,
      batchSize: config.batchSize,
      deliver: (payloads, signal) => refuseMediaType(payloads, 'application/dicom', (instances) => stowInstances(target, instances, signal)),
      close: () => dispatcher.destroy(),
    };
  },
});
