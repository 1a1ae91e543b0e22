import { crc32, deflateSync } from 'node:zlib';
import type { Picture } from './picture.ts';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** PNG (ISO/IEC 15948) of a picture: 8 bits, grey or RGB, each row predicted from the one above. */
export function encodePng(picture: Picture): Uint8Array {
  const { width, height, channels, samples } = picture;
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 8;
  head[9] = channels === 1 ? 0 : 2;
  return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('IDAT', deflateSync(filtered(samples, width * channels, height), { level: 6 })), chunk('IEND', Buffer.alloc(0))]);
}

/** Filter type 2 (Up): difference to the row above, modulo 256. */
function filtered(samples: Uint8Array, stride: number, height: number): Buffer {
  const out = Buffer.allocUnsafe((stride + 1) * height);
  for (let y = 0; y < height; y += 1) {
    const [to, from] = [y * (stride + 1), y * stride];
    out[to] = 2;
    for (let x = 0; x < stride; x += 1) out[to + 1 + x] = samples[from + x]! - (y > 0 ? samples[from - stride + x]! : 0);
  }
  return out;
}

function chunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(content.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}
