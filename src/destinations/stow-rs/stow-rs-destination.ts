import { z } from 'zod';
import { authorization, createAgent, httpPeerShape } from '../../peers/http-agent.ts';
import { instancesAt } from '../../peers/stow/read-back.ts';
import { stowInstances, type StowTarget } from '../../peers/stow/stow-client.ts';
import type { ProofOutcome, ProvableObject } from '../destination.ts';
import { destinationKind, destinationName } from '../destination-kind.ts';
import { ladderShape } from '../ladder-options.ts';
import { paced, paceOf, paceShape } from '../pace.ts';
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
    ...paceShape,
    proof: z.enum(['read-back', 'none']).default('none').describe('How a delivery becomes proven: QIDO-RS of the same service names the instance afterwards, or not at all'),
  }),
  mediaTypes: ['application/dicom'],
  create: (config, tools) => {
    const dispatcher = createAgent(config, tools.resolvePath);
    const pace = paceOf(config.maxKilobitsPerSecond);
    const target = { url: config.url, headers: { ...authorization(config, tools.secret), 'user-agent': tools.software }, dispatcher, clock: tools.clock };
    return {
      name: config.name,
      kind: config.kind,
      concurrency: config.concurrency,
      batchSize: config.batchSize,
      deliver: (payloads, signal) => refuseMediaType(payloads, 'application/dicom', (instances) => stowInstances(target, paced(instances, pace), signal)),
      ...(config.proof === 'read-back' ? { prove: (objects: readonly ProvableObject[], signal: AbortSignal) => readBack(target, objects, config.timeoutSeconds * 1_000, signal) } : {}),
      close: () => dispatcher.destroy(),
    };
  },
});

/** One question per study, however many objects of it. */
async function readBack(target: StowTarget, objects: readonly ProvableObject[], timeoutMs: number, signal: AbortSignal): Promise<readonly ProofOutcome[]> {
  const answers = new Map<string, Awaited<ReturnType<typeof instancesAt>>>();
  for (const study of new Set(objects.map((object) => object.studyInstanceUid))) answers.set(study, await instancesAt(target, study, timeoutMs, signal));
  return objects.map(({ studyInstanceUid, sopInstanceUid }) => {
    const { there, kind } = answers.get(studyInstanceUid)!;
    if (there.has(sopInstanceUid)) return 'there';
    return kind === 'answered' ? 'missing' : 'unknown';
  });
}
