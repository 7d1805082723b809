/** Pages of 64 KiB of the memory that the module works in. */
export const MEMORY_PAGES = 160

/** Memory that threads share: any of them can have an instance of the module on it, one of which works at a time. */
export type CodecMemory = { readonly buffer: SharedArrayBuffer }

/** What the module built from assembly/ exports: addresses and sizes in its memory, and functions on them. */
export type CodecModule = {
  /** Most plain bytes and most chunks of a batch. */
  readonly BATCH_SIZE: Global
  readonly BATCH_CHUNKS: Global
  /** Bytes of memory it needs. */
  readonly MEMORY_SIZE: Global
  /** Where the records of a batch and its encoded bytes lie. */
  readonly CHUNKS: Global
  readonly OUTPUT: Global
  /** Where plain bytes go: those of a batch, of one chunk, or at most INPUT_SIZE of what is only hashed. */
  readonly INPUT: Global
  readonly INPUT_SIZE: Global
  /** Where a hash is when it is finished. */
  readonly HASH_STATE: Global
  hashBegin(outputLength: number): void
  hashUpdate(address: number, length: number): void
  hashFinish(address: number, length: number): void
  /** Sets the keys of the first records from the plain bytes these say. */
  hashPlains(chunks: number): void
  /** Encodes the plain bytes that the first records say with the keys there; the records say then where the results are. */
  encode(chunks: number): void
  /** The plain length, or one of the negative codes of assembly/. */
  decode(length: number, limit: number): number
  /** Snappy alone, from INPUT to OUTPUT: the length there, of `decompress` also negative. */
  compress(length: number): number
  decompress(length: number, limit: number): number
}

type Global = { readonly value: number }

/** A compiled module, which threads can be given: compiling takes longer than all else at their start. */
export type CompiledCodec = object

/** Node has it, but neither its types nor those of ECMAScript declare more than names. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => CompiledCodec
  readonly Instance: new (
    module: CompiledCodec,
    imports: { readonly env: { readonly memory: CodecMemory } },
  ) => { readonly exports: unknown }
  readonly Memory: new (size: {
    readonly initial: number
    readonly maximum: number
    readonly shared: true
  }) => CodecMemory
}

export function compileCodec(wasm: Uint8Array): CompiledCodec {
  return new WebAssembly.Module(wasm)
}

/** About 10 MB, of which only what is used becomes resident. It never grows: views on it can be made once. */
export function createCodecMemory(): CodecMemory {
  return new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES, shared: true })
}

export function instantiateCodec(compiled: CompiledCodec, memory: CodecMemory): CodecModule {
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as CodecModule
}
