import type { RootfsErrorCode } from './error.ts'

/** Memory that a decompression thread shares: slots of input and of output, and how many outputs were given back so far. */
export type DecompressionThreadData = {
  readonly inputs: SharedArrayBuffer
  readonly outputs: SharedArrayBuffer
  readonly returned: Int32Array<SharedArrayBuffer>
}

export const INPUT_BYTES = 256 * 1024
export const INPUT_SLOTS = 4
export const OUTPUT_BYTES = 512 * 1024
export const OUTPUT_SLOTS = 6

/** So many compressed bytes are in a slot of input; or they were all. */
export type DecompressionInput = { readonly slot: number; readonly length: number } | 'end'

/** What comes of them: plain bytes in a slot of output, the digest of all of them (hex), or what is wrong with them. */
export type DecompressionAnswer =
  | { readonly slot: number; readonly length: number }
  | { readonly sha256: string }
  | { readonly failure: { readonly code: RootfsErrorCode; readonly message: string } }

/** A slot of input that may be filled again; or an answer. */
export type DecompressionOutput = { readonly taken: number } | DecompressionAnswer
