import assert from 'node:assert/strict';
import fc from 'fast-check';
import { holds, parseExpression } from '../../../src/domain/expression.ts';

function asked(text: string, values: Record<string, number>): boolean {
  const parsed = parseExpression(text);
  assert.ok(parsed.ok, text);
  return holds(parsed.value, new Map(Object.entries(values)));
}

suite('domain/expression', () => {
  test('comparisons of named values with numbers', () => {
    for (const [text, expected] of [['a.b >= 2', true], ['a.b > 2', false], ['a.b <= 2', true], ['a.b < 2', false], ['a.b == 2', true], ['a.b != 2', false], ['a.b > -1.5', true]] as const) {
      assert.equal(asked(text, { 'a.b': 2 }), expected, text);
    }
  });

  test('"and" binds tighter than "or"', () => {
    const text = 'x > 5 or y > 5 and z > 5';

    assert.equal(asked(text, { x: 9, y: 0, z: 0 }), true);
    assert.equal(asked(text, { x: 0, y: 9, z: 0 }), false);
    assert.equal(asked(text, { x: 0, y: 9, z: 9 }), true);
  });

  test('a value that is not there makes every comparison false', () => {
    assert.equal(asked('nodule.max.score < 1', {}), false);
    assert.equal(asked('nodule.max.score != 1', {}), false);
  });

  test('anything else is refused, never run', () => {
    for (const text of ['', 'a', 'a > b', 'a > 1 and', '1 > a', 'a > 1; b', 'process.exit(1)', 'a > 1 or or b > 1']) assert.equal(parseExpression(text).ok, false, text);
    fc.assert(fc.property(fc.string(), (text) => void parseExpression(text)), { numRuns: 300 });
  });
});
