// Instances whose every byte follows from their UID, so that whoever finds one can tell whether it is whole.
import { createHash } from 'node:crypto';
import { ctHead } from '../support/raw-store-scu.mjs';

const ROOT = '1.2.826.0.1.3680043.8.498.66';

/** One of `count` instances of a run: mostly slices, some tiny ones, a few that are written while they arrive. */
export function crashInstance(run, index) {
  const kind = index % 20;
  const pixelBytes = kind === 19 ? 5_000_000 + (index % 7) * 300_000 : kind % 4 === 3 ? 2_000 + (index % 500) * 2 : 40_000 + (index % 97) * 4_000;
  const study = `${ROOT}.${run}.${1 + Math.floor(index / 50)}`;
  const series = `${study}.${1 + (index % 3)}`;
  return { index, study, series, sop: `${series}.${index}`, pixelBytes };
}

/** The instance a SOP Instance UID of this kind names. */
export function instanceOf(sop) {
  const parts = sop.slice(ROOT.length + 1).split('.');
  return crashInstance(Number(parts[0]), Number(parts.at(-1)));
}

export function dataSetOf(instance) {
  const head = ctHead({ ...instance, patientId: `P${instance.study.split('.').at(-1)}`, number: instance.index, pixelBytes: instance.pixelBytes });
  const seed = createHash('sha512').update(instance.sop).digest();
  const pixels = Buffer.alloc(instance.pixelBytes);
  // 64 bytes that belong to this instance, at every place mixed with the place.
  for (let at = 0; at < pixels.length; at += 64) {
    seed.copy(pixels, at, 0, Math.min(64, pixels.length - at));
    if (at + 4 <= pixels.length) pixels.writeUInt32LE((at ^ seed.readUInt32LE(0)) >>> 0, at);
  }
  return Buffer.concat([head, pixels]);
}
