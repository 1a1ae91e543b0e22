import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createDimseSender } from '../../src/destinations/dimse-store/dimse-peers-sender.ts';
import { createDestination } from '../../src/destinations/registry.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { startScp } from '../support/dimse-scp.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { startFhirServer } from '../support/fhir-server.ts';
import { startMllpServer } from '../support/mllp-server.ts';
import { startStowServer } from '../support/stow-server.ts';
import { destinationContract, dicomPayload, fhirPayload, hl7Payload, tools, type DestinationRig } from './destination.contract.ts';

destinationContract('stow-rs', true, async () => {
  const peer = await startStowServer();
  const proxy = await startFaultProxy({ targetPort: peer.port });
  return {
    destination: createDestination({ name: 'pacs', kind: 'stow-rs', url: `http://127.0.0.1:${proxy.port}/dicom-web/studies` } as never, tools),
    payload: (number) => dicomPayload(number),
    foreign: () => fhirPayload(1),
    held: () => {
      if (peer.complaints.length > 0) throw new Error(peer.complaints.join(', '));
      return [...peer.stored.keys()];
    },
    nameOf: (payload) => (payload.mediaType === 'application/dicom' ? payload.sopInstanceUid : payload.name),
    fault: (mode) => proxy.mode(mode),
    stop: async () => {
      await proxy.stop();
      await peer.stop();
    },
  };
});

destinationContract('fhir', true, async () => {
  const peer = await startFhirServer();
  const proxy = await startFaultProxy({ targetPort: peer.port });
  return {
    destination: createDestination({ name: 'ehr', kind: 'fhir', url: `http://127.0.0.1:${proxy.port}/fhir/R4` } as never, tools),
    payload: (number) => fhirPayload(number),
    foreign: () => dicomPayload(1),
    held: () => [...peer.resources.values()].map((resource) => (resource['identifier'] as readonly { value: string }[])[0]!.value),
    nameOf: (payload) => (payload.mediaType === 'application/dicom' ? payload.sopInstanceUid : payload.name),
    fault: (mode) => proxy.mode(mode),
    stop: async () => {
      await proxy.stop();
      await peer.stop();
    },
  };
});

destinationContract('dimse-store', true, async () => {
  const peer = await startScp();
  // PS3.8 §9.3: the answer to the association (02H) passes, that to the object (P-DATA-TF, 04H) is cut off.
  const proxy = await startFaultProxy({ targetPort: peer.port, isAnswer: (chunk) => chunk[0] === 4 });
  const dimse = createDimseSender({ peer: (aeTitle) => (aeTitle === 'ISOCENTER' ? { aeTitle, host: '127.0.0.1', port: proxy.port, callingAe: 'TEST' } : undefined), clock: systemClock, log: silentLog });
  return {
    destination: createDestination({ name: 'pacs', kind: 'dimse-store', peer: 'ISOCENTER' } as never, { ...tools, dimse }),
    payload: (number) => dicomPayload(number),
    foreign: () => fhirPayload(1),
    held: () => [...new Set(peer.receiver.instances.filter((instance) => instance.state === 'finished').map((instance) => instance.arrival.sopInstanceUid))],
    nameOf: (payload) => (payload.mediaType === 'application/dicom' ? payload.sopInstanceUid : payload.name),
    fault: (mode) => proxy.mode(mode),
    stop: async () => {
      await proxy.stop();
      await peer.stop();
    },
  };
});

destinationContract('hl7-oru', true, async () => {
  const peer = await startMllpServer();
  const proxy = await startFaultProxy({ targetPort: peer.port });
  return {
    destination: createDestination({ name: 'ris', kind: 'hl7-oru', host: '127.0.0.1', port: proxy.port } as never, tools),
    payload: (number) => hl7Payload(number),
    foreign: () => dicomPayload(1),
    held: () => [...peer.messages.keys()],
    nameOf: (payload) => (payload.mediaType === 'application/dicom' ? payload.sopInstanceUid : payload.name),
    fault: (mode) => proxy.mode(mode),
    stop: async () => {
      await proxy.stop();
      await peer.stop();
    },
  };
});

destinationContract('folder', false, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-drop-'));
  const rig: DestinationRig = {
    destination: createDestination({ name: 'drop', kind: 'folder', path: path.join(folder, 'out') } as never, tools),
    payload: (number: number) => (number % 2 === 0 ? fhirPayload(number) : dicomPayload(number)),
    held: () => readdirSync(path.join(folder, 'out'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.parse(entry.name).name),
    nameOf: (payload) => (payload.mediaType === 'application/dicom' ? payload.sopInstanceUid : payload.name),
    stop: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  };
  return Promise.resolve(rig);
});
