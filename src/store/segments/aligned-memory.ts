/** The one thing of WebAssembly that is used: memory that begins on a page, which O_DIRECT asks for and Buffer does not promise. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { readonly initial: number; readonly maximum: number }) => { readonly buffer: ArrayBuffer };
};

const PAGE = 64 * 1024;

/** Zeroed, page-aligned memory of at least `bytes`. The system gives real pages as they are touched. */
export function alignedMemory(bytes: number): ArrayBuffer {
  const pages = Math.ceil(bytes / PAGE);
  return new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer;
}
