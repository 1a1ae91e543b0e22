// Grey and RGB pictures as PNG, nothing but node:zlib.
import { deflateSync, crc32 as zlibCrc } from 'node:zlib';
import { writeFileSync } from 'node:fs';

const table = Int32Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n; });
const crc32 = zlibCrc ?? ((bytes) => { let c = -1; for (const b of bytes) c = table[(c ^ b) & 255] ^ (c >>> 8); return (c ^ -1) >>> 0; });

function chunk(type, body) {
  const out = Buffer.alloc(body.length + 12);
  out.writeUInt32BE(body.length, 0); out.write(type, 4, 'latin1'); body.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, body.length + 8)), body.length + 8);
  return out;
}

/** A picture one can draw into: `channels` 1 (grey) or 3. */
export function picture(width, height, channels = 1) {
  return { width, height, channels, pixels: new Uint8Array(width * height * channels) };
}

export function savePng(path, { width, height, channels, pixels }) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0); header.writeUInt32BE(height, 4); header[8] = 8; header[9] = channels === 3 ? 2 : 0;
  const lines = Buffer.alloc(height * (width * channels + 1));
  for (let y = 0; y < height; y++) lines.set(pixels.subarray(y * width * channels, (y + 1) * width * channels), y * (width * channels + 1) + 1);
  writeFileSync(path, Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', header), chunk('IDAT', deflateSync(lines)), chunk('IEND', Buffer.alloc(0))]));
}

/** HU to grey, lung window by default. */
export const grey = (hu, low = -1200, high = 300) => Math.max(0, Math.min(255, Math.round(((hu - low) * 255) / (high - low))));
