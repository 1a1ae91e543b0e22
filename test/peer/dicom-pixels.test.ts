import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeFrameHere } from '../../src/codecs/decode-frame.ts';
import { readPart10, type Part10File } from '../../src/standards/dicom/part10.ts';
import { pixelFrames } from '../../src/standards/dicom/pixel-frames.ts';
import { transferSyntaxOf } from '../../src/standards/dicom/transfer-syntaxes.ts';
import { corpus, needsPeer } from '../support/peers.ts';

const TOOLS: Readonly<Record<string, string>> = { jpeg: 'dcmdjpeg', 'jpeg-lossless': 'dcmdjpeg', 'jpeg-ls': 'dcmdjpls', rle: 'dcmdrle' };

/**
 * Files whose streams are broken on purpose or by accident, or of a kind that has no codec: each must give a fault, never pixels.
 * multiframe: frame 14 says 55 columns. genFile: native bytes in fragments. embedded-sequence-delimiter: says 3.7 billion columns.
 */
const FAULTY = /fo-dicom__multiframe|fo-dicom__genFile|JPEG2000-embedded-sequence-delimiter|JPEGProcess10_12|JPEGProcess6_8/;
/** JFIF says YCbCr, the data set says RGB: DCMTK believes the data set, we believe the stream. */
const OTHER_COLOURS = /fo-dicom__GH195/;

async function decodeAll(file: Part10File): Promise<Buffer | string> {
  const frames = pixelFrames(file.dataSet);
  if (!frames.ok) return frames.fault.message;
  const parts: Uint8Array[] = [];
  for (let number = 1; number <= frames.value.description.numberOfFrames; number++) {
    const bytes = frames.value.frame(number);
    if (!bytes.ok) return bytes.fault.message;
    const decoded = await decodeFrameHere({ ...frames.value.description, transferSyntaxUid: file.transferSyntaxUid, bytes: bytes.value });
    if (!decoded.ok) return `${decoded.fault.code} ${decoded.fault.message}`;
    parts.push(decoded.value.pixels);
  }
  return Buffer.concat(parts);
}

function read(file: string): Part10File | undefined {
  const result = readPart10(readFileSync(file));
  return result.ok ? result.value : undefined;
}

suite('pixels of the corpus', function () {
  this.timeout(240_000);

  test('are bit for bit those of DCMTK, in every transfer syntax that it decodes', async function () {
    needsPeer(this, 'dcmdjpeg', 'dcmdjpls', 'dcmdrle');
    const root = corpus(this);
    const folder = mkdtempSync(path.join(tmpdir(), 'isocenter-pixels-'));
    const differences: string[] = [];
    let same = 0;
    let alone = 0;
    try {
      for (const name of (readdirSync(root, { recursive: true }) as string[]).filter((one) => one.endsWith('.dcm') && !one.includes('v3_cat')).sort()) {
        const file = read(path.join(root, name));
        const codec = transferSyntaxOf(file?.transferSyntaxUid ?? '')?.codec;
        if (file === undefined || codec === undefined || codec === 'none' || file.dataSet.bytes(0x7fe00010) !== undefined || !file.dataSet.has(0x7fe00010)) continue;
        const ours = await decodeAll(file);
        if (typeof ours === 'string') {
          if (!FAULTY.test(name)) differences.push(`${name}: ${ours}`);
          continue;
        }
        if (FAULTY.test(name)) differences.push(`${name}: decoded, although it is broken`);
        const reference = TOOLS[codec] === undefined ? undefined : await unpacked(TOOLS[codec], path.join(root, name), path.join(folder, 'out.dcm'));
        if (reference === undefined) alone++;
        else if (reference.equals(ours)) same++;
        else if (!OTHER_COLOURS.test(name)) differences.push(`${name}: pixels differ`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    console.log(`      ${same} files as DCMTK decodes them, ${alone} that it cannot decode`);
    assert.deepEqual(differences, []);
    assert.ok(same > 70);
  });

  test('of one image in several encodings are the same', async function () {
    const root = corpus(this);
    const groups = [
      ['enhanced/pydicom-data__emri_small.dcm', 'enhanced/pydicom-data__emri_small_RLE.dcm', 'enhanced/pydicom-data__emri_small_big_endian.dcm', 'enhanced/pydicom-data__emri_small_jpeg_2k_lossless.dcm', 'enhanced/pydicom-data__emri_small_jpeg_ls_lossless.dcm'],
      ['seg/pydicom-data__liver_expb.dcm', 'seg/pydicom-data__liver_j2k.dcm', 'seg/pydicom-data__liver_rle.dcm', 'seg/pydicom-data__liver_deflate.dcm'],
      ['seg/pydicom-data__liver_nonbyte_aligned.dcm', 'seg/pydicom-data__liver_nonbyte_aligned_j2k.dcm', 'seg/pydicom-data__liver_nonbyte_aligned_rle.dcm', 'seg/pydicom-data__liver_nonbyte_aligned_deflate.dcm'],
      ['transfer-syntaxes/pydicom__MR_small_RLE.dcm', 'transfer-syntaxes/pydicom__MR_small_jp2klossless.dcm'],
      ['charsets/pydicom-data__SC_rgb_16bit_2frame.dcm', 'charsets/pydicom-data__SC_rgb_expb_16bit_2frame.dcm'],
      ['charsets/pydicom-data__SC_rgb_32bit.dcm', 'charsets/pydicom-data__SC_rgb_expb_32bit.dcm'],
    ];
    const differences: string[] = [];
    for (const [first, ...others] of groups) {
      const expected = await decodeAll(read(path.join(root, first!))!);
      if (typeof expected === 'string') differences.push(`${first}: ${expected}`);
      for (const other of others) {
        const pixels = await decodeAll(read(path.join(root, other))!);
        if (typeof pixels === 'string' || typeof expected === 'string' || !pixels.equals(expected)) differences.push(`${other}: ${typeof pixels === 'string' ? pixels : 'differs'}`);
      }
    }
    assert.deepEqual(differences, []);
  });
});

async function unpacked(tool: string, input: string, output: string): Promise<Buffer | undefined> {
  try {
    execFileSync(tool, ['-q', input, output], { stdio: 'pipe' });
  } catch {
    return undefined;
  }
  const file = read(output);
  const pixels = file === undefined ? undefined : await decodeAll(file);
  return typeof pixels === 'string' ? undefined : pixels;
}

