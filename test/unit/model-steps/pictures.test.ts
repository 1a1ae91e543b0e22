import assert from 'node:assert/strict';
import { activationMap, occlude, occlusionMap, occlusionPlan } from '../../../src/model-steps/attention.ts';
import { argmax, channelsFirst, entropy, expectedGrade, margin, sigmoid, softmax } from '../../../src/model-steps/activations.ts';
import { buildCine, ventricleMeasures, type CineFrame } from '../../../src/model-steps/cine.ts';
import { cropCircle, cropForeground, flipToLeft } from '../../../src/model-steps/frame-picture.ts';
import { checkImage, sharpnessOf, type ImageFacts } from '../../../src/model-steps/image-quality.ts';
import { affineValues, imagenetValues, minMaxValues, percentileValues, windowValues, zscoreValues } from '../../../src/model-steps/intensity.ts';
import { fillHoles, heatBoxes, largestComponent } from '../../../src/model-steps/label-masks.ts';
import { SAME_PLACE, cropPlane, mirrorPlane, type Plane } from '../../../src/model-steps/plane.ts';
import { resizePlane, scalePlane, toSourceGrid } from '../../../src/model-steps/resize-plane.ts';
import { gaussianEdge, slideOver, windowStarts } from '../../../src/model-steps/sliding-window.ts';

const plane = (rows: number, columns: number, at: (y: number, x: number) => number): Plane => ({ rows, columns, map: SAME_PLACE, channels: [Float32Array.from({ length: rows * columns }, (_, q) => at(Math.floor(q / columns), q % columns))] });
const close = (actual: ArrayLike<number>, expected: readonly number[], within = 1e-5) => assert.ok(Array.from(actual).every((v, i) => Math.abs(v - expected[i]!) <= within), `${Array.from(actual).join(', ')} is not ${expected.join(', ')}`);
const facts: ImageFacts = { photometric: 'MONOCHROME2', laterality: '', view: '', burnedIn: false };

suite('model-steps/intensity', () => {
  test('zscore: mean 0 and deviation 1; a constant picture becomes 0; the background can be left out of the figures', () => {
    const values = Float32Array.of(1, 3);
    const constant = Float32Array.of(5, 5);
    const masked = Float32Array.of(0, 10, 14);

    [values, constant].forEach((v) => zscoreValues(v));
    zscoreValues(masked, 0);

    close(values, [-1, 1]);
    close(constant, [0, 0]);
    close(masked, [-6, -1, 1]);
  });

  test('min-max, percentiles, affine and ImageNet follow their formulas', () => {
    const [minMax, percent, ct, red] = [Float32Array.of(-1000, 0, 1000), Float32Array.from({ length: 101 }, (_, i) => i), Float32Array.of(-500), Float32Array.of(255)];

    minMaxValues(minMax, 0, 1);
    percentileValues(percent, 10, 90, 0, 1);
    affineValues(ct, -400, 200);
    imagenetValues(red, 0);

    close(minMax, [0, 0.5, 1]);
    close([percent[0]!, percent[10]!, percent[50]!, percent[95]!], [0, 0, 0.5, 1]);
    close(ct, [-0.5]);
    close(red, [(1 - 0.485) / 0.229]);
  });

  test('the linear window is that of the standard, the half value included  [PS3.3 §C.11.2.1.2.1]', () => {
    const values = Float32Array.of(-1000, 39.5, 40, 1000);

    windowValues(values, 40, 400, 0, 255);

    close(values, [0, 127.5, (0.5 / 399 + 0.5) * 255, 255], 1e-3);
  });
});

suite('model-steps/resize-plane', () => {
  test('halving averages 2 × 2 pixels, and the map leads to their common corner (half-pixel rule)', () => {
    const half = scalePlane(plane(4, 4, (y, x) => y * 4 + x), 2, 2);

    close(half.channels[0]!, [2.5, 4.5, 10.5, 12.5]);
    assert.deepEqual(half.map, { x0: 0.5, y0: 0.5, sx: 2, sy: 2 });
  });

  test('a ramp stays a ramp when it grows: no shift, whatever the ratio', () => {
    const grown = scalePlane(plane(1, 4, (_, x) => x), 1, 8);

    close(grown.channels[0]!.slice(1, 7), [0.25, 0.75, 1.25, 1.75, 2.25, 2.75]);
  });

  test('anisotropic: an axis is scaled by its own ratio', () => {
    const scaled = scalePlane(plane(6, 4, (y) => y), 2, 4);

    close([scaled.channels[0]![0]!, scaled.channels[0]![4]!], [1, 4]);
    assert.deepEqual([scaled.map.sy, scaled.map.sx], [3, 1]);
  });

  test('letterbox keeps proportions, centres and pads; crop-center cuts and pads', () => {
    const boxed = resizePlane(plane(2, 4, () => 7), { mode: 'letterbox', size: [4, 4], pad: -1 });
    const cut = resizePlane(plane(2, 6, (_, x) => x), { mode: 'crop-center', size: [4, 4], pad: 9 });

    close(boxed.channels[0]!, [-1, -1, -1, -1, 7, 7, 7, 7, 7, 7, 7, 7, -1, -1, -1, -1]);
    close(cut.channels[0]!, [9, 9, 9, 9, 1, 2, 3, 4, 1, 2, 3, 4, 9, 9, 9, 9]);
    assert.deepEqual([cut.map.x0, cut.map.y0], [1, -1]);
  });

  test('a map on the network’s grid comes back to where it was, through crop, flip and resize', () => {
    const source = plane(40, 60, (y, x) => (y >= 20 && y < 24 && x >= 40 && x < 44 ? 1 : 0));
    const seen = resizePlane(mirrorPlane(cropPlane(source, 20, 10, 36, 28)), { mode: 'letterbox', size: [72, 72], pad: 0 });

    const back = toSourceGrid(seen.channels[0]!, 72, 72, seen.map, 40, 60);

    const inside = source.channels[0]!.reduce((sum, v, q) => sum + (v === 1 && back[q]! > 0.6 ? 1 : 0), 0);
    const outside = source.channels[0]!.reduce((sum, v, q) => sum + (v === 0 && back[q]! > 0.6 ? 1 : 0), 0);
    assert.deepEqual([inside, outside], [16, 0]);
  });
});

suite('model-steps/frame-picture', () => {
  test('a fundus circle is cut to the square around it', () => {
    const cut = cropCircle(plane(100, 160, (y, x) => ((y - 50) ** 2 + (x - 90) ** 2 < 40 ** 2 ? 100 : 0)));

    assert.ok(Math.abs(cut.rows - 80) <= 4 && cut.rows === cut.columns, `${cut.rows} × ${cut.columns}`);
    assert.ok(Math.abs(cut.map.x0 + cut.columns / 2 - 90) <= 2 && Math.abs(cut.map.y0 + cut.rows / 2 - 50) <= 2);
  });

  test('a breast on the right is turned round, one on the left is not; the surround is cut off', () => {
    const right = flipToLeft(plane(10, 20, (_, x) => (x >= 12 ? 5 : 0)));
    const left = flipToLeft(plane(10, 20, (_, x) => (x < 8 ? 5 : 0)));

    assert.deepEqual([right.channels[0]![0], right.map.sx, right.map.x0], [5, -1, 19]);
    assert.equal(left.map.sx, 1);
    assert.deepEqual([cropForeground(left).columns, cropForeground(left).rows], [8, 10]);
  });
});

suite('model-steps/activations', () => {
  test('softmax, sigmoid with temperature, argmax, grade, entropy and margin have their values on paper', () => {
    close(softmax(Float32Array.of(0, Math.log(3)), 2), [0.25, 0.75]);
    close(softmax(Float32Array.of(1000, 1000), 2), [0.5, 0.5]);
    close(sigmoid(Float32Array.of(2), { temperature: 2, bias: -1 }), [0.5]);
    assert.deepEqual([...argmax(Float32Array.of(1, 5, 2, 3, 3, 4), 3)], [2, 0]);
    assert.ok(Math.abs(expectedGrade(Float32Array.of(0.25, 0.25, 0.5)) - 1.25) < 1e-6);
    assert.ok(Math.abs(entropy(Float32Array.of(0.5, 0.5)) - Math.LN2) < 1e-6);
    assert.ok(Math.abs(margin(Float32Array.of(0.1, 0.6, 0.3)) - 0.3) < 1e-6);
    close(channelsFirst(Float32Array.of(1, 10, 2, 20), 2), [1, 2, 10, 20]);
  });
});

suite('model-steps/sliding-window', () => {
  test('starts cover the axis, overlap at least as asked, never pass the edge', () => {
    assert.deepEqual(windowStarts(10, 16, 0.5), [0]);
    assert.deepEqual(windowStarts(32, 16, 0.5), [0, 8, 16]);
    assert.deepEqual(windowStarts(33, 16, 0.5), [0, 6, 11, 17]);
  });

  test('the Gaussian is symmetrical, highest in the middle, never below a thousandth', () => {
    const edge = gaussianEdge(16, 0.125);

    close([edge[7]!, edge[0]!], [edge[8]!, edge[15]!]);
    assert.ok(Math.abs(edge[7]! - Math.exp(-((0.5 / 2) ** 2) / 2)) < 1e-6);
    assert.ok(edge[0]! >= edge[7]! / 1000);
  });

  test('blending windows of a network that copies gives the volume back, also when it is smaller than a window', async () => {
    const dims = [5, 9, 12] as const;
    const data = Float32Array.from({ length: 5 * 9 * 12 }, (_, q) => Math.sin(q));

    const { values, windows } = await slideOver({ data, dims, spacing: [1, 1, 1] }, 1, { size: [8, 4, 8], overlap: 0.5, blend: 'gaussian', sigmaScale: 0.125 }, async (window) => window.slice(), () => {});

    close(values, [...data], 1e-5);
    assert.equal(windows, 1 * 4 * 2);
  });
});

suite('model-steps/label-masks', () => {
  const mask = (rows: readonly string[]) => ({ data: Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0)), dims: [1, rows.length, rows[0]!.length] as const, spacing: [1, 1, 1] as const });

  test('the largest part stays, holes are filled, bays are not', () => {
    assert.deepEqual(largestComponent(mask(['##.#', '##..'])).data, mask(['##..', '##..']).data);
    assert.deepEqual(fillHoles(mask(['.....', '.###.', '.#.#.', '.###.', '.....'])).data, mask(['.....', '.###.', '.###.', '.###.', '.....']).data);
    assert.deepEqual(fillHoles(mask(['###', '#.#', '#.#'])).data, mask(['###', '#.#', '#.#']).data);
  });

  test('boxes are pixel edges, the strongest first', () => {
    const boxes = heatBoxes(Float32Array.of(0, 0.6, 0, 0, 0, 0.7, 0, 0.9), 2, 4, 0.5);

    assert.deepEqual(boxes.map(({ box, pixels }) => [box, pixels]), [[[3, 1, 4, 2], 1], [[1, 0, 2, 2], 2]]);
  });
});

suite('model-steps/cine', () => {
  const frame = (z: number, time: number, number = 0): CineFrame => ({ time, number, plane: { position: [0, 0, z], rowDirection: [1, 0, 0], columnDirection: [0, 1, 0], rowSpacing: 1, columnSpacing: 1, rows: 4, columns: 4 } });

  test('frames are sorted by place and time, whatever order they came in; the slice distance is that of positions', () => {
    const grid = buildCine([frame(8, 50), frame(0, 50), frame(8, 0), frame(0, 0)]);

    assert.ok(grid.ok);
    assert.deepEqual([grid.value.order, grid.value.sliceSpacing, grid.value.phases], [[3, 1, 2, 0], 8, 2]);
  });

  test('a slice with a phase too few is a fault, not a shifted cycle', () => {
    const grid = buildCine([frame(8, 50), frame(0, 50), frame(8, 0)]);

    assert.ok(!grid.ok && /unequal numbers of phases/.test(grid.fault));
  });

  test('volumes by discs: 2 slices of 1000 and 400 pixels of 2 mm² 10 mm apart', () => {
    const measures = ventricleMeasures([500, 200, 500, 200], 2, 2, 2, 10);

    assert.deepEqual(measures, { ed: 0, es: 1, edvMl: 20, esvMl: 8, strokeVolumeMl: 12, ejectionFraction: 60 });
  });
});

suite('model-steps/image-quality', () => {
  const chequered = plane(64, 64, (y, x) => 60 + 80 * ((x >> 3) + (y >> 3) & 1));

  test('blur takes the edges away and is seen; the limit is the same at 8 and 16 bits', () => {
    const blurred = scalePlane(scalePlane(chequered, 11, 11), 64, 64);
    const sixteen = { ...chequered, channels: [chequered.channels[0]!.map((v) => v * 257)] };

    assert.ok(sharpnessOf(chequered) > 2 * sharpnessOf(blurred));
    const setting = { check: 'blur-laplacian', min: 0.2, action: 'reject' } as const;
    assert.equal(checkImage(setting, chequered, facts, [0, 255]).reason, checkImage(setting, sixteen, facts, [0, 65535]).reason);
  });

  test('exposure, field of view, size, side, view and burned-in text are judged by what is stated or measured', () => {
    const verdict = (setting: Parameters<typeof checkImage>[0], changes: Partial<ImageFacts> = {}) => checkImage(setting, chequered, { ...facts, ...changes }, [0, 255]).verdict;

    assert.equal(verdict({ check: 'exposure', min: 0.1, max: 0.8, action: 'reject' }), 'pass');
    assert.equal(verdict({ check: 'exposure', min: 0.7, max: 0.8, action: 'reject' }), 'reject');
    assert.equal(checkImage({ check: 'field-of-view', min: 0.5, action: 'reject' }, plane(50, 50, (_, x) => (x < 10 ? 200 : 0)), facts, [0, 255]).verdict, 'reject');
    assert.equal(verdict({ check: 'image-size', minRows: 512, minColumns: 1, action: 'reject' }), 'reject');
    assert.equal(verdict({ check: 'laterality', action: 'warn' }), 'warn');
    assert.equal(verdict({ check: 'laterality', action: 'warn' }, { laterality: 'L' }), 'pass');
    assert.equal(verdict({ check: 'view', allow: ['PA'], action: 'reject' }, { view: 'LL' }), 'reject');
    assert.equal(verdict({ check: 'burned-in', action: 'warn' }, { burnedIn: true }), 'warn');
    assert.equal(verdict({ check: 'photometric', allow: ['RGB'], action: 'reject' }), 'reject');
  });
});

suite('model-steps/attention', () => {
  test('an activation map weights the features, drops what speaks against, tops at 1', () => {
    close(activationMap(Float32Array.of(1, 2, 0, 1, 0, 4), Float32Array.of(1, -1)), [0, 1, 0]);
    close(activationMap(Float32Array.of(1, 2, 4, 0, 0, 0), Float32Array.of(1, -1)), [0.25, 0.5, 1]);
  });

  test('the patch that costs the score is the one that lights up', () => {
    const plan = occlusionPlan(4, 4, [2, 2], [2, 2]);
    const hidden = occlude([Float32Array.from({ length: 16 }, (_, q) => q)], plan, 3)[0]!;

    assert.deepEqual(plan.patches, [[0, 0], [0, 2], [2, 0], [2, 2]]);
    close([hidden[10]!, hidden[15]!, hidden[0]!], [7.5, 7.5, 0]);
    const map = occlusionMap(plan, 0.9, [0.9, 0.95, 0.5, 0.1]);
    close([map[0]!, map[2]!, map[8]!, map[15]!], [0, 0, 0.5, 1]);
  });
});
