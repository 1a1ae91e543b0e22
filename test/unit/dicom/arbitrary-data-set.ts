import fc from 'fast-check';
import { DataSet, type Element } from '../../../src/standards/dicom/data-set.ts';
import { element, sequence } from '../../../src/standards/dicom/element.ts';

const tag = fc.integer({ min: 0x0009, max: 0x6fff }).chain((group) => fc.integer({ min: 0x0100, max: 0xffff }).map((number) => group * 0x10000 + number));
const printable = fc.stringMatching(/^[!-[\]-~]([ -[\]-~]{0,20}[!-[\]-~])?$/);
const name = fc.stringMatching(/^[A-Za-z]{1,10}(\^[A-Za-z]{1,8})?$/);
const japanese = fc.constantFrom('Müller^Jörg', 'Yamada^Tarou=山田^太郎=やまだ^たろう', 'Ωmega', 'Hong^Gildong=洪^吉洞=홍^길동', '𝒳');

const leaf: fc.Arbitrary<Element> = tag.chain((t) =>
  fc.oneof(
    fc.array(printable, { maxLength: 3 }).map((values) => element(t, 'LO', values)),
    fc.array(fc.oneof(name, japanese), { maxLength: 2 }).map((values) => element(t, 'PN', values)),
    printable.map((value) => element(t, 'UT', value)),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 }).map((values) => element(t, 'US', values)),
    fc.array(fc.integer({ min: -0x8000, max: 0x7fff }), { maxLength: 4 }).map((values) => element(t, 'SS', values)),
    fc.array(fc.integer({ min: -0x80000000, max: 0x7fffffff }), { maxLength: 4 }).map((values) => element(t, 'SL', values)),
    fc.array(fc.nat({ max: 0xffffffff }), { maxLength: 4 }).map((values) => element(t, 'AT', values)),
    fc.array(fc.double(), { maxLength: 4 }).map((values) => element(t, 'FD', values)),
    fc.array(fc.float(), { maxLength: 4 }).map((values) => element(t, 'FL', values)),
    fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { maxLength: 3 }).map((values) => element(t, 'SV', values)),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => element(t, 'OW', bytes.subarray(0, bytes.length - (bytes.length % 2)))),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => element(t, 'OB', bytes.subarray(0, bytes.length - (bytes.length % 2)))),
  ),
);

/** Data sets up to `depth` sequences deep, their text in UTF-8. */
export function arbitraryDataSet(depth = 3): fc.Arbitrary<DataSet> {
  const items = depth === 0 ? undefined : fc.tuple(tag, fc.array(fc.array(leaf, { maxLength: 4 }).map((elements) => DataSet.of(elements)), { maxLength: 3 })).map(([t, list]) => sequence(t, list));
  const nested = depth === 0 ? undefined : fc.tuple(tag, fc.array(arbitraryItem(depth - 1), { maxLength: 2 })).map(([t, list]) => sequence(t, list));
  const any = items === undefined || nested === undefined ? leaf : fc.oneof({ weight: 6, arbitrary: leaf }, { weight: 1, arbitrary: items }, { weight: 1, arbitrary: nested });
  return fc.array(any, { maxLength: 8 }).map((elements) => DataSet.of([element(0x00080005, 'CS', 'ISO_IR 192'), ...elements]));
}

function arbitraryItem(depth: number): fc.Arbitrary<DataSet> {
  return arbitraryDataSet(depth).map((dataSet) => dataSet.without(0x00080005));
}

/** A data set as plain values, for comparison. NaN of FL and FD compares as text, odd bytes with their padding. */
export function plain(dataSet: DataSet): unknown {
  return [...dataSet].map(({ tag: t, vr, value }) => {
    if (value instanceof Uint8Array) return [t, vr, evenHex(value)];
    if ('fragments' in value) return [t, vr, [value.offsetTable, ...value.fragments].map(evenHex)];
    return [t, vr, value.map((one) => (one instanceof DataSet ? plain(one) : String(one)))];
  });
}

function evenHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex') + (bytes.length % 2 === 0 ? '' : '00');
}
