import { inflateSync } from 'node:zlib';

/** The pixels of a PNG as the gateway writes it: 8 bits, grey or RGB, filter types 0 and 2. */
export function pngOf(bytes: Buffer): { readonly width: number; readonly height: number; readonly channels: number; readonly samples: Uint8Array } {
  const [width, height, channels] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20), bytes[25] === 2 ? 3 : 1];
  const packed: Buffer[] = [];
  for (let at = 8; at < bytes.length; at += bytes.readUInt32BE(at) + 12) {
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT') packed.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  }
  const lines = inflateSync(Buffer.concat(packed));
  const stride = width * channels;
  const samples = new Uint8Array(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = lines[y * (stride + 1)];
    for (let x = 0; x < stride; x += 1) samples[y * stride + x] = lines[y * (stride + 1) + 1 + x]! + (filter === 2 && y > 0 ? samples[(y - 1) * stride + x]! : 0);
  }
  return { width, height, channels, samples };
}
