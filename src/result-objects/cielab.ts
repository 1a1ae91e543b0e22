/**
 * sRGB to PCS L*a*b* as Recommended Display CIELab Value (0062,000D) holds it: 16 bits a component, L* × 65535/100, (a* + 128) × 257,
 * (b* + 128) × 257 (PS3.3 §C.10.7.1.1). White point D50, Bradford-adapted, as ICC's profile connection space has it.
 */
export function toCieLab16([red, green, blue]: readonly [number, number, number]): readonly [number, number, number] {
  const r = linear(red);
  const g = linear(green);
  const b = linear(blue);
  const x = curve((0.4360747 * r + 0.3850649 * g + 0.1430804 * b) / 0.96422);
  const y = curve(0.2225045 * r + 0.7168786 * g + 0.0606169 * b);
  const z = curve((0.0139322 * r + 0.0971045 * g + 0.7141733 * b) / 0.82521);
  return [clamp(((116 * y - 16) * 65535) / 100), clamp((500 * (x - y) + 128) * 257), clamp((200 * (y - z) + 128) * 257)];
}

/** IEC 61966-2-1: undo the gamma of sRGB; 0–255 → 0–1. */
function linear(value: number): number {
  const v = value / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}

function curve(t: number): number {
  return t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 / 116) * t + 16 / 116;
}

function clamp(value: number): number {
  return Math.min(65535, Math.max(0, Math.round(value)));
}
