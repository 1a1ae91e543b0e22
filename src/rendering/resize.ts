import type { Picture } from './picture.ts';

export interface PictureArea {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The part of a picture, as large as fits into width × height with its proportions kept: smaller by area means, larger by bilinear interpolation. */
export function fitInto(picture: Picture, width: number, height: number, area: PictureArea = { x: 0, y: 0, width: picture.width, height: picture.height }): Picture {
  const scale = Math.min(width / area.width, height / area.height);
  const [w, h] = [Math.max(1, Math.min(width, Math.round(area.width * scale))), Math.max(1, Math.min(height, Math.round(area.height * scale)))];
  if (w === picture.width && h === picture.height && area.x === 0 && area.y === 0 && area.width === w && area.height === h) return picture;
  const columns = taps(area.x, area.width, w, picture.width);
  const rows = taps(area.y, area.height, h, picture.height);
  return throughRows(throughColumns(picture, columns), rows);
}

interface Tap {
  readonly from: number;
  readonly weights: readonly number[];
}

function taps(start: number, length: number, count: number, limit: number): Tap[] {
  const step = length / count;
  return Array.from({ length: count }, (_, i) => (step >= 1 ? meanTap(start + i * step, step, limit) : linearTap(start + (i + 0.5) * step - 0.5, limit)));
}

function meanTap(from: number, length: number, limit: number): Tap {
  const first = Math.min(limit - 1, Math.max(0, Math.floor(from + 1e-9)));
  const last = Math.max(first, Math.min(limit - 1, Math.ceil(from + length - 1e-9) - 1));
  const weights = Array.from({ length: last - first + 1 }, (_, i) => Math.max(0, Math.min(first + i + 1, from + length) - Math.max(first + i, from)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return { from: first, weights: sum > 0 ? weights.map((w) => w / sum) : [1] };
}

function linearTap(at: number, limit: number): Tap {
  const place = Math.min(limit - 1, Math.max(0, at));
  const first = Math.floor(place);
  return first + 1 >= limit ? { from: first, weights: [1] } : { from: first, weights: [1 - (place - first), place - first] };
}

function throughColumns(picture: Picture, columns: readonly Tap[]): { readonly width: number; readonly height: number; readonly channels: 1 | 3; readonly values: Float32Array } {
  const { channels, height } = picture;
  const width = columns.length;
  const values = new Float32Array(width * height * channels);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const { from, weights } = columns[x]!;
      for (let c = 0; c < channels; c += 1) {
        let sum = 0;
        for (let i = 0; i < weights.length; i += 1) sum += weights[i]! * picture.samples[(y * picture.width + from + i) * channels + c]!;
        values[(y * width + x) * channels + c] = sum;
      }
    }
  }
  return { width, height, channels, values };
}

function throughRows({ width, channels, values }: ReturnType<typeof throughColumns>, rows: readonly Tap[]): Picture {
  const stride = width * channels;
  const samples = new Uint8Array(rows.length * stride);
  rows.forEach(({ from, weights }, y) => {
    for (let x = 0; x < stride; x += 1) {
      let sum = 0;
      for (let i = 0; i < weights.length; i += 1) sum += weights[i]! * values[(from + i) * stride + x]!;
      samples[y * stride + x] = Math.round(sum);
    }
  });
  return { width, height: rows.length, channels, samples };
}
