import { createRequire } from 'node:module';
import path from 'node:path';

/** Frame facts as the WebAssembly codecs give and take them. */
export interface WasmFrameInfo {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: number;
  readonly isSigned?: boolean;
  readonly isUsingColorTransform?: boolean;
}

export interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  decode(): void;
  getFrameInfo(): WasmFrameInfo;
  getInterleaveMode?(): number;
  delete(): void;
}

export interface WasmEncoder {
  getDecodedBuffer(info: WasmFrameInfo): Uint8Array;
  getEncodedBuffer(): Uint8Array;
  encode(): void;
  setNearLossless?(error: number): void;
  setInterleaveMode?(mode: number): void;
  setQuality?(lossless: boolean, step: number): void;
  setProgressionOrder?(order: number): void;
  setDecompositions?(levels: number): void;
  setTLMMarker?(on: boolean): void;
  delete(): void;
}

export interface WasmModule {
  readonly J2KDecoder?: new () => WasmDecoder;
  readonly J2KEncoder?: new () => WasmEncoder;
  readonly JpegLSDecoder?: new () => WasmDecoder;
  readonly JpegLSEncoder?: new () => WasmEncoder;
  readonly HTJ2KDecoder?: new () => WasmDecoder;
  readonly HTJ2KEncoder?: new () => WasmEncoder;
  readonly JPEGDecoder?: new () => WasmDecoder;
}

export type WasmCodec = 'openjpeg' | 'charls' | 'openjph' | 'libjpeg-turbo-8bit';

const loaded = new Map<WasmCodec, WasmModule>();
const require = createRequire(import.meta.url);

/** Loads a codec once; after `forgetCodec` (it threw: its memory may be in any state) a fresh one. */
export async function loadCodec(name: WasmCodec): Promise<WasmModule> {
  let module = loaded.get(name);
  if (module === undefined) {
    const file = require.resolve(`@cornerstonejs/codec-${name}/wasmjs`);
    const factory = require(file) as (options: object) => Promise<WasmModule>;
    const silent = (): void => undefined;
    module = await factory({ locateFile: (part: string) => path.join(path.dirname(file), part), print: silent, printErr: silent });
    loaded.set(name, module);
  }
  return module;
}

export function forgetCodec(name: WasmCodec): void {
  loaded.delete(name);
}
