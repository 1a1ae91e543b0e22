import { DicomScp, type DicomScpEvent, type DicomScpOptions } from '../../src/edges/dicom-scp/dicom-scp.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { MemoryReceiver } from './dimse-receiver.ts';

export interface TestScp {
  readonly scp: DicomScp;
  readonly port: number;
  readonly receiver: MemoryReceiver;
  readonly events: DicomScpEvent[];
  stop(): Promise<void>;
}

/** A DICOM SCP on a free port of loopback, with a receiver in memory. AE title ISOCENTER. */
export async function startScp(options: Partial<DicomScpOptions> = {}): Promise<TestScp> {
  const receiver = new MemoryReceiver();
  const events: DicomScpEvent[] = [];
  const scp = new DicomScp({
    listeners: [{ host: '127.0.0.1', port: 0 }],
    admission: { aeTitles: ['ISOCENTER'], acceptUnknownCallers: true, peers: [] },
    receiver,
    audit: (event) => events.push(event),
    clock: systemClock,
    log: silentLog,
    ...options,
  });
  await scp.start();
  return { scp, port: scp.ports[0]!, receiver, events, stop: () => scp.stop(1) };
}
