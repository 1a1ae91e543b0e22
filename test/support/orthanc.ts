import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { pathOf } from './peers.ts';

export interface Orthanc {
  readonly dicomPort: number;
  readonly httpPort: number;
  readonly aeTitle: string;
  /** STOW-RS address. */
  readonly studies: string;
  /** A GET of Orthanc's own REST API. */
  get(resource: string): Promise<unknown>;
  stop(): Promise<void>;
}

const DICOMWEB = ['/usr/share/orthanc/plugins/libOrthancDicomWeb.so', '/usr/lib/orthanc/libOrthancDicomWeb.so'];

/** Starts a real Orthanc with its DICOMweb plug-in, in a folder of its own. Ask needsPeer(this, 'Orthanc') first. */
export async function startOrthanc(): Promise<Orthanc> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-orthanc-'));
  const [dicomPort, httpPort] = [await freePort(), await freePort()];
  const settings = {
    Name: 'peer',
    StorageDirectory: path.join(folder, 'storage'),
    IndexDirectory: path.join(folder, 'storage'),
    Plugins: DICOMWEB.filter((file) => existsSync(file)).slice(0, 1),
    HttpServerEnabled: true,
    HttpPort: httpPort,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    DicomServerEnabled: true,
    DicomAet: 'ORTHANC',
    DicomPort: dicomPort,
    DicomCheckCalledAet: false,
    DicomAlwaysAllowStore: true,
    UnknownSopClassAccepted: true,
    DicomWeb: { Enable: true, Root: '/dicom-web/' },
  };
  const file = path.join(folder, 'orthanc.json');
  writeFileSync(file, JSON.stringify(settings));
  const child = spawn(pathOf('Orthanc')!, [file], { stdio: ['ignore', 'ignore', 'ignore'] });
  const get = async (resource: string): Promise<unknown> => (await fetch(`http://127.0.0.1:${httpPort}/${resource}`)).json();
  await eventually(async () => child.exitCode === null && (await get('system')) !== undefined, 30_000, 'Orthanc');
  return { dicomPort, httpPort, aeTitle: 'ORTHANC', studies: `http://127.0.0.1:${httpPort}/dicom-web/studies`, get, stop: () => stop(child, folder) };
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
  rmSync(folder, { recursive: true, force: true });
}
