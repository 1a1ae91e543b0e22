import assert from 'node:assert/strict';
import { toCieLab16 } from '../../../src/result-objects/cielab.ts';

suite('CIELab of recommended display colours', () => {
  test('black, white and red in 16-bit PCS Lab  [PS3.3 §C.10.7.1.1]', () => {
    assert.deepEqual(toCieLab16([0, 0, 0]), [0, 32896, 32896]);
    const [l, a, b] = toCieLab16([255, 255, 255]);
    assert.equal(l, 65535);
    assert.ok(Math.abs(a - 32896) < 20 && Math.abs(b - 32896) < 20);
    // Red under D50 is L* 54.29, a* 80.81, b* 69.89.
    const red = toCieLab16([255, 0, 0]);
    assert.ok(Math.abs((red[0] * 100) / 65535 - 54.29) < 0.05);
    assert.ok(Math.abs(red[1] / 257 - 128 - 80.81) < 0.1);
    assert.ok(Math.abs(red[2] / 257 - 128 - 69.89) < 0.1);
  });
});
