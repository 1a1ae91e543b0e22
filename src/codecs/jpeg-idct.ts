// Constants of the accurate integer inverse DCT (Loeffler, Ligtenberg, Moschytz 1989), scaled by 2^13.
const BITS = 13;
const F_0_298 = 2446;
const F_0_390 = 3196;
const F_0_541 = 4433;
const F_0_765 = 6270;
const F_0_899 = 7373;
const F_1_175 = 9633;
const F_1_501 = 12299;
const F_1_847 = 15137;
const F_1_961 = 16069;
const F_2_053 = 16819;
const F_2_562 = 20995;
const F_3_072 = 25172;

const eight = new Float64Array(8);

/**
 * Inverse DCT of one 8 × 8 block in place: dequantised coefficients in, samples out, shifted to unsigned and clipped to the precision
 * (8 or 12 bits). The same sums and rounding as the IJG library's accurate method, so results are bit for bit those of DCMTK.
 */
export function inverseDct(block: Int32Array, precision: number): void {
  const pass1 = precision === 8 ? 2 : 1;
  for (let column = 0; column < 8; column++) {
    butterfly(block, column, 8);
    for (let i = 0; i < 8; i++) block[column + i * 8] = descale(eight[i]!, BITS - pass1);
  }
  const centre = 1 << (precision - 1);
  const highest = (1 << precision) - 1;
  for (let row = 0; row < 64; row += 8) {
    butterfly(block, row, 1);
    for (let i = 0; i < 8; i++) {
      const sample = descale(eight[i]!, BITS + pass1 + 3) + centre;
      block[row + i] = sample < 0 ? 0 : sample > highest ? highest : sample;
    }
  }
}

function descale(value: number, bits: number): number {
  return Math.floor((value + 2 ** (bits - 1)) / 2 ** bits);
}

/** One dimension: reads block[at], block[at + step], …; leaves its results in `eight`. */
function butterfly(block: Int32Array, at: number, step: number): void {
  const z2 = block[at + 2 * step]!;
  const z3 = block[at + 6 * step]!;
  const even = (z2 + z3) * F_0_541;
  const t2 = even - z3 * F_1_847;
  const t3 = even + z2 * F_0_765;
  const t0 = (block[at]! + block[at + 4 * step]!) * 8192;
  const t1 = (block[at]! - block[at + 4 * step]!) * 8192;
  const [e0, e3, e1, e2] = [t0 + t3, t0 - t3, t1 + t2, t1 - t2];

  const o0 = block[at + 7 * step]!;
  const o1 = block[at + 5 * step]!;
  const o2 = block[at + 3 * step]!;
  const o3 = block[at + step]!;
  const z5 = (o0 + o2 + o1 + o3) * F_1_175;
  const y1 = -(o0 + o3) * F_0_899;
  const y2 = -(o1 + o2) * F_2_562;
  const y3 = z5 - (o0 + o2) * F_1_961;
  const y4 = z5 - (o1 + o3) * F_0_390;
  const d0 = o0 * F_0_298 + y1 + y3;
  const d1 = o1 * F_2_053 + y2 + y4;
  const d2 = o2 * F_3_072 + y2 + y3;
  const d3 = o3 * F_1_501 + y1 + y4;

  eight[0] = e0 + d3;
  eight[7] = e0 - d3;
  eight[1] = e1 + d2;
  eight[6] = e1 - d2;
  eight[2] = e2 + d1;
  eight[5] = e2 - d1;
  eight[3] = e3 + d0;
  eight[4] = e3 - d0;
}
