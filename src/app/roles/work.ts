import os from 'node:os';
import { DeliveryStage } from '../../stages/delivery/delivery-stage.ts';
import { ProveDeliveries } from '../../stages/delivery/prove-deliveries.ts';
import { ReadBackDeliveries } from '../../stages/delivery/read-back-deliveries.ts';
import { JobWorker } from '../../stages/inference/job-worker.ts';
import { ContentDigests } from '../../stages/intake/content-digests.ts';
import { createResultWriter } from '../../stages/results/result-writer.ts';
import { CompletenessWatch } from '../../stages/routing/completeness-watch.ts';
import { SegmentReader } from '../../store/segments/segment-reader.ts';
import { bundledTypeface } from '../bundled-typeface.ts';
import { installationFolder } from '../config/load-config.ts';
import { alertingComponents } from '../alerting-components.ts';
import { createAuditChainer } from '../audit-chainer.ts';
import type { Component } from '../component.ts';
import { committingDestinations, createDestinations } from '../destinations.ts';
import { forwardOriginals } from '../forward-originals.ts';
import { gatewayEquipment } from '../installation.ts';
import { ModelRuntimeComponent } from '../model-runtime-component.ts';
import type { RoleContext } from '../role-context.ts';
import { segmentsFolder, SegmentWriterComponent } from '../segment-writer-component.ts';

/** The components of the work role, in start order: routing, inference, results, delivery, the audit chain, digests of contents. */
export function workComponents(context: RoleContext): readonly Component[] {
  const { config, database, clock, log, metrics } = context;
  const segments = new SegmentReader(segmentsFolder(config.dataDir));
  const store = new SegmentWriterComponent(context, 'work');
  const models = new ModelRuntimeComponent(context, segmentsFolder(config.dataDir));
  // The same after a restart on this machine, so that a worker takes its own leases back at once.
  const worker = `work@${os.hostname()}`;

  const destinations = createDestinations(context);
  const writeResults = createResultWriter({
    database, segments, clock, log, worker,
    get writer() {
      return store.writer; // there once the component before has started
    },
    gateway: gatewayEquipment(config),
    utcOffsetMinutes: (at) => -at.getTimezoneOffset(),
    destinations: config.destinations.map(({ name, kind, ...options }) => ({ name, kind, ...('accepts' in options ? { accepts: options.accepts, also: options.also } : {}) })),
    probe: (name, sopClassUids, signal) => destinations.find((destination) => destination.name === name)?.probe?.(sopClassUids, signal) ?? Promise.resolve(undefined),
    typeface: bundledTypeface(installationFolder),
  });
  const routing = new CompletenessWatch({
    database, segments, clock, log,
    rules: config.rules,
    retrieveAe: config.dimse.aeTitle[0] ?? 'ISOCENTER',
    completeness: config.completeness,
    model: (modelId, studyInstanceUid) => models.routable(modelId, studyInstanceUid),
    enqueueForward: forwardOriginals(config.destinations),
  });
  const inference = new JobWorker({
    database, clock, log, worker, writeResults,
    slots: config.models.slots,
    runnableModels: () => models.runnable(),
    runModel: (run, options) => models.run(run, options),
  });
  const delivery = new DeliveryStage({ database, segments, clock, log, metrics, owner: worker, destinations });
  const digests = new ContentDigests({ database, reader: segments, clock, log });
  const readBack = new ReadBackDeliveries({ database, clock, log, destinations });
  const proofs = new ProveDeliveries({ database, clock, log, destinations: committingDestinations(context) });
  return [createAuditChainer(database, log), store, models, delivery, proofs, readBack, inference, routing, digests, ...alertingComponents(context)];
}
