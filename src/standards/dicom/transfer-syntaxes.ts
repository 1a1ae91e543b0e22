/** How a data set lies on the wire: PS3.5 §10 and Annex A; the UIDs are those of PS3.6 Annex A. */
export interface TransferSyntax {
  readonly uid: string;
  readonly name: string;
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
  /** Pixel data lie in fragments, PS3.5 §A.4. */
  readonly encapsulated: boolean;
  /** The whole data set is deflated, PS3.5 §A.5. */
  readonly deflated: boolean;
  /** May lose information. A syntax that allows both (JPEG 2000 .91, HTJ2K .203) counts as lossy. */
  readonly lossy: boolean;
  /** What packs the frames; `none` when they are native. */
  readonly codec: 'none' | 'rle' | 'jpeg' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg2000' | 'htj2k' | 'jpeg-xl' | 'video' | 'deflated-frames' | 'other';
}

const ROOT = '1.2.840.10008.1.2';

export const implicitLittleEndian = ROOT;
export const explicitLittleEndian = `${ROOT}.1`;
export const deflatedExplicitLittleEndian = `${ROOT}.1.99`;
export const explicitBigEndian = `${ROOT}.2`;
export const rleLossless = `${ROOT}.5`;

const table = new Map<string, TransferSyntax>();

function native(uid: string, name: string, traits: Partial<TransferSyntax> = {}): void {
  const plain = { explicitVr: true, littleEndian: true, encapsulated: false, deflated: false, lossy: false, codec: 'none' } as const;
  table.set(uid, { uid, name, ...plain, ...traits });
}

function packed(suffix: string, name: string, codec: TransferSyntax['codec'], lossy: boolean): void {
  const uid = `${ROOT}.${suffix}`;
  table.set(uid, { uid, name, explicitVr: true, littleEndian: true, encapsulated: true, deflated: false, lossy, codec });
}

native(implicitLittleEndian, 'Implicit VR Little Endian', { explicitVr: false });
native(explicitLittleEndian, 'Explicit VR Little Endian');
native(`${ROOT}.1.98`, 'Encapsulated Uncompressed Explicit VR Little Endian', { encapsulated: true });
native(deflatedExplicitLittleEndian, 'Deflated Explicit VR Little Endian', { deflated: true });
native(explicitBigEndian, 'Explicit VR Big Endian', { littleEndian: false });
packed('4.50', 'JPEG Baseline (Process 1)', 'jpeg', true);
packed('4.51', 'JPEG Extended (Process 2 & 4)', 'jpeg', true);
packed('4.52', 'JPEG Extended (Process 3 & 5)', 'jpeg', true);
packed('4.53', 'JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8)', 'jpeg', true);
packed('4.54', 'JPEG Spectral Selection, Non-Hierarchical (Process 7 & 9)', 'other', true);
packed('4.55', 'JPEG Full Progression, Non-Hierarchical (Process 10 & 12)', 'jpeg', true);
packed('4.56', 'JPEG Full Progression, Non-Hierarchical (Process 11 & 13)', 'other', true);
packed('4.57', 'JPEG Lossless, Non-Hierarchical (Process 14)', 'jpeg-lossless', false);
packed('4.58', 'JPEG Lossless, Non-Hierarchical (Process 15)', 'other', false);
packed('4.70', 'JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14, Selection Value 1)', 'jpeg-lossless', false);
packed('4.80', 'JPEG-LS Lossless Image Compression', 'jpeg-ls', false);
packed('4.81', 'JPEG-LS Lossy (Near-Lossless) Image Compression', 'jpeg-ls', true);
packed('4.90', 'JPEG 2000 Image Compression (Lossless Only)', 'jpeg2000', false);
packed('4.91', 'JPEG 2000 Image Compression', 'jpeg2000', true);
packed('4.92', 'JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)', 'other', false);
packed('4.93', 'JPEG 2000 Part 2 Multi-component Image Compression', 'other', true);
packed('4.94', 'JPIP Referenced', 'other', true);
packed('4.95', 'JPIP Referenced Deflate', 'other', true);
packed('4.100', 'MPEG2 Main Profile / Main Level', 'video', true);
packed('4.100.1', 'Fragmentable MPEG2 Main Profile / Main Level', 'video', true);
packed('4.101', 'MPEG2 Main Profile / High Level', 'video', true);
packed('4.101.1', 'Fragmentable MPEG2 Main Profile / High Level', 'video', true);
packed('4.102', 'MPEG-4 AVC/H.264 High Profile / Level 4.1', 'video', true);
packed('4.102.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1', 'video', true);
packed('4.103', 'MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1', 'video', true);
packed('4.103.1', 'Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1', 'video', true);
packed('4.104', 'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video', 'video', true);
packed('4.104.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video', 'video', true);
packed('4.105', 'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video', 'video', true);
packed('4.105.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video', 'video', true);
packed('4.106', 'MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2', 'video', true);
packed('4.106.1', 'Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2', 'video', true);
packed('4.107', 'HEVC/H.265 Main Profile / Level 5.1', 'video', true);
packed('4.108', 'HEVC/H.265 Main 10 Profile / Level 5.1', 'video', true);
packed('4.110', 'JPEG XL Lossless', 'jpeg-xl', false);
packed('4.111', 'JPEG XL JPEG Recompression', 'jpeg-xl', true);
packed('4.112', 'JPEG XL', 'jpeg-xl', true);
packed('4.201', 'High-Throughput JPEG 2000 Image Compression (Lossless Only)', 'htj2k', false);
packed('4.202', 'High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)', 'htj2k', false);
packed('4.203', 'High-Throughput JPEG 2000 Image Compression', 'htj2k', true);
packed('4.204', 'JPIP HTJ2K Referenced', 'other', true);
packed('4.205', 'JPIP HTJ2K Referenced Deflate', 'other', true);
packed('5', 'RLE Lossless', 'rle', false);
packed('8.1', 'Deflated Image Frame Compression', 'deflated-frames', false);

/** Every transfer syntax the product knows by name, in the order of PS3.6. */
export const transferSyntaxes: readonly TransferSyntax[] = [...table.values()];

export function transferSyntaxOf(uid: string): TransferSyntax | undefined {
  return table.get(uid);
}

/**
 * Like `transferSyntaxOf`, but an unknown UID counts as an encapsulated, explicit, little-endian syntax: PS3.5 §A.4 lets a new
 * one be nothing else, so a data set in it can be stored and read up to its pixel data.
 */
export function assumedTransferSyntax(uid: string): TransferSyntax {
  return table.get(uid) ?? { uid, name: uid, explicitVr: true, littleEndian: true, encapsulated: true, deflated: false, lossy: true, codec: 'other' };
}
