import { Buffer } from 'node:buffer';
import { ctStorage, explicitLe } from './dimse-raw-peer.ts';

export interface TestInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** The data set, Explicit VR Little Endian. */
  readonly bytes: Buffer;
  /** The same as a Part 10 file. */
  readonly file: Buffer;
}

/** A CT instance that is small and complete enough for a tool to read; `size` is about the length of its pixel data. */
export function smallCt(number: number, size: number): TestInstance {
  const sopInstanceUid = `1.2.826.0.1.3680043.8.498.77.${number + 1}`;
  const bytes = Buffer.concat([
    element(0x0008, 0x0016, 'UI', ctStorage),
    element(0x0008, 0x0018, 'UI', sopInstanceUid),
    element(0x0008, 0x0060, 'CS', 'CT'),
    element(0x0010, 0x0010, 'PN', 'Test^Transport'),
    element(0x0010, 0x0020, 'LO', 'T1'),
    element(0x0020, 0x000d, 'UI', '1.2.826.0.1.3680043.8.498.76'),
    element(0x0020, 0x000e, 'UI', '1.2.826.0.1.3680043.8.498.76.1'),
    element(0x7fe0, 0x0010, 'OW', Buffer.alloc(size + (size & 1), number + 1)),
  ]);
  const meta = Buffer.concat([
    element(0x0002, 0x0001, 'OB', Buffer.from([0, 1])),
    element(0x0002, 0x0002, 'UI', ctStorage),
    element(0x0002, 0x0003, 'UI', sopInstanceUid),
    element(0x0002, 0x0010, 'UI', explicitLe),
    element(0x0002, 0x0012, 'UI', '1.2.3.4'),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  const file = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element(0x0002, 0x0000, 'UL', length), meta, bytes]);
  return { sopClassUid: ctStorage, sopInstanceUid, transferSyntaxUid: explicitLe, bytes, file };
}

function element(group: number, number: number, vr: string, value: string | Buffer): Buffer {
  const text = typeof value === 'string' ? Buffer.from(value.length % 2 === 0 ? value : value + (vr === 'UI' ? '\0' : ' '), 'latin1') : value;
  const isLong = vr === 'OB' || vr === 'OW';
  const header = Buffer.alloc(isLong ? 12 : 8);
  header.writeUInt16LE(group, 0);
  header.writeUInt16LE(number, 2);
  header.write(vr, 4, 'latin1');
  if (isLong) header.writeUInt32LE(text.length, 8);
  else header.writeUInt16LE(text.length, 6);
  return Buffer.concat([header, text]);
}
