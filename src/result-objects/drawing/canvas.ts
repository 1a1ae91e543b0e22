import type { OutlinePoint } from './true-type-font.ts';
import type { Typeface } from './typeface.ts';

export type Rgb = readonly [red: number, green: number, blue: number];

/** A picture of 8-bit RGB, colour by pixel, rows from the top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

export interface TextStyle {
  readonly typeface: Typeface;
  /** Pixels per em. */
  readonly size: number;
  readonly colour: Rgb;
}

/** Samples per pixel and axis: 4 × 4 gives 17 levels of grey at an edge. */
const SAMPLES = 4;

/** A picture to draw on. Coordinates are pixels, (0, 0) the top left corner of the top left pixel; what lies outside is cut off. */
export class Canvas implements Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;

  constructor(width: number, height: number, background: Rgb) {
    this.width = width;
    this.height = height;
    this.rgb = new Uint8Array(width * height * 3);
    this.fill(0, 0, width, height, background);
  }

  fill(left: number, top: number, right: number, bottom: number, colour: Rgb): void {
    const [first, last] = [Math.max(0, left), Math.min(this.width, right)];
    const row = new Uint8Array(3 * Math.max(0, last - first));
    for (let at = 0; at < row.length; at += 3) row.set(colour, at);
    for (let y = Math.max(0, top); y < Math.min(this.height, bottom); y++) this.rgb.set(row, 3 * (y * this.width + first));
  }

  /** Scales a picture into a box, bilinear; the box must lie on the canvas. */
  place({ rgb, width: sourceWidth, height: sourceHeight }: Picture, left: number, top: number, width: number, height: number): void {
    const columns = Array.from({ length: width }, (_, x) => neighbours(x, width, sourceWidth));
    for (let y = 0; y < height; y++) {
      const [upper, lower, down] = neighbours(y, height, sourceHeight);
      let to = 3 * ((top + y) * this.width + left);
      for (const [before, after, right] of columns) {
        const [a, b, c, d] = [3 * (upper * sourceWidth + before), 3 * (upper * sourceWidth + after), 3 * (lower * sourceWidth + before), 3 * (lower * sourceWidth + after)];
        for (let channel = 0; channel < 3; channel++) {
          const above = rgb[a + channel]! * (1 - right) + rgb[b + channel]! * right;
          const below = rgb[c + channel]! * (1 - right) + rgb[d + channel]! * right;
          this.rgb[to++] = Math.round(above * (1 - down) + below * down);
        }
      }
    }
  }

  /** A line of some width with round ends. */
  line(from: readonly [number, number], to: readonly [number, number], width: number, colour: Rgb): void {
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const squared = dx * dx + dy * dy;
    const reach = width / 2 + 1;
    const bounds = [Math.min(from[0], to[0]) - reach, Math.min(from[1], to[1]) - reach, Math.max(from[0], to[0]) + reach, Math.max(from[1], to[1]) + reach];
    this.#eachPixel(bounds.map(Math.round), (x, y) => {
      const along = squared === 0 ? 0 : Math.min(1, Math.max(0, ((x + 0.5 - from[0]) * dx + (y + 0.5 - from[1]) * dy) / squared));
      const away = Math.hypot(x + 0.5 - from[0] - along * dx, y + 0.5 - from[1] - along * dy);
      this.#blend(x, y, colour, Math.min(1, Math.max(0, width / 2 + 0.5 - away)));
    });
  }

  /** One line of text; `top` is the top of the em box. Returns its width in pixels. */
  text(text: string, left: number, top: number, { typeface, size, colour }: TextStyle): number {
    let pen = left;
    for (const { font, glyph, width } of typeface.glyphs(text)) {
      const face = typeface.fonts[font]!;
      const scale = size / face.unitsPerEm;
      const outlines = face.outlines(glyph).map((outline) => flattened(outline).map(([x, y]): readonly [number, number] => [pen + x * scale, top + size * 0.9 - y * scale]));
      this.#polygons(outlines, colour);
      pen += width * size;
    }
    return pen - left;
  }

  /** Fills outlines by the non-zero winding rule, as TrueType wants it. */
  #polygons(outlines: readonly (readonly (readonly [number, number])[])[], colour: Rgb): void {
    const points = outlines.flat();
    if (points.length === 0) return;
    const columns = points.map(([x]) => x);
    const rows = points.map(([, y]) => y);
    const left = Math.max(0, Math.floor(Math.min(...columns)));
    const right = Math.min(this.width, Math.ceil(Math.max(...columns)));
    for (let y = Math.max(0, Math.floor(Math.min(...rows))); y < Math.min(this.height, Math.ceil(Math.max(...rows))); y++) {
      const covered = new Uint8Array(Math.max(0, right - left));
      for (let sample = 0; sample < SAMPLES; sample++) cover(outlines, y + (sample + 0.5) / SAMPLES, left, covered);
      covered.forEach((hits, index) => this.#blend(left + index, y, colour, hits / (SAMPLES * SAMPLES)));
    }
  }

  #eachPixel([left, top, right, bottom]: readonly number[], visit: (x: number, y: number) => void): void {
    for (let y = Math.max(0, top!); y < Math.min(this.height, bottom!); y++) for (let x = Math.max(0, left!); x < Math.min(this.width, right!); x++) visit(x, y);
  }

  #blend(x: number, y: number, colour: Rgb, opacity: number): void {
    if (opacity <= 0) return;
    const at = 3 * (y * this.width + x);
    for (let channel = 0; channel < 3; channel++) this.rgb[at + channel] = Math.round(this.rgb[at + channel]! * (1 - opacity) + colour[channel]! * opacity);
  }
}

function neighbours(at: number, length: number, sourceLength: number): readonly [number, number, number] {
  const place = Math.min(sourceLength - 1, Math.max(0, ((at + 0.5) * sourceLength) / length - 0.5));
  const before = Math.floor(place);
  return [before, Math.min(sourceLength - 1, before + 1), place - before];
}

/** Counts the samples of one scan line that lie inside. */
function cover(outlines: readonly (readonly (readonly [number, number])[])[], y: number, left: number, covered: Uint8Array): void {
  const crossings: (readonly [x: number, winding: number])[] = [];
  for (const outline of outlines) {
    outline.forEach(([x0, y0], index) => {
      const [x1, y1] = outline[(index + 1) % outline.length]!;
      if (y0 <= y !== y1 <= y) crossings.push([x0 + ((y - y0) * (x1 - x0)) / (y1 - y0), y0 <= y ? 1 : -1]);
    });
  }
  crossings.sort((a, b) => a[0] - b[0]);
  let winding = 0;
  crossings.forEach(([x, turn], index) => {
    winding += turn;
    const next = crossings[index + 1];
    if (winding === 0 || next === undefined) return;
    const first = Math.max(0, Math.ceil((x - left) * SAMPLES - 0.5));
    const last = Math.min(covered.length * SAMPLES, Math.ceil((next[0] - left) * SAMPLES - 0.5));
    for (let sample = first; sample < last; sample++) covered[Math.floor(sample / SAMPLES)]!++;
  });
}

/** Straight pieces of an outline: each quadratic curve as four of them. Two control points in a row have a point of the curve between them. */
function flattened(outline: readonly OutlinePoint[]): (readonly [number, number])[] {
  const points: OutlinePoint[] = outline.flatMap((point, index) => {
    const next = outline[(index + 1) % outline.length]!;
    return point.onCurve || next.onCurve ? [point] : [point, { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2, onCurve: true }];
  });
  const start = points.findIndex((point) => point.onCurve);
  if (start < 0) return [];
  const turned = [...points.slice(start), ...points.slice(0, start), points[start]!];
  const straight: (readonly [number, number])[] = [];
  turned.forEach((point, index) => {
    const previous = turned[index - 1];
    if (point.onCurve) straight.push([point.x, point.y]);
    else {
      const next = turned[index + 1] ?? turned[0]!;
      for (const t of [0.25, 0.5, 0.75]) {
        const [a, b, c] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2];
        straight.push([a * previous!.x + b * point.x + c * next.x, a * previous!.y + b * point.y + c * next.y]);
      }
    }
  });
  return straight;
}
