import { type CodecModule, instantiateCodec } from './codec-module.ts'
import { compiledCodec } from './wasm.ts'

let shared: { readonly wasm: CodecModule; readonly memory: Uint8Array } | undefined

/**
 * BLAKE2b (RFC 7693) of `data` without a key, `outputLength` (1 to 64) bytes long. The length is part of the hash: a
 * short one is not a long one cut off. Flists use 16 bytes for directories and chunks, 8 for access rights.
 */
export function blake2b(data: Uint8Array, outputLength: number): Uint8Array {
  shared ??= openModule()
  const { wasm, memory } = shared
  const { INPUT, INPUT_SIZE, HASH_STATE } = wasm
  wasm.hashBegin(outputLength)
  let offset = 0
  for (; data.length - offset > INPUT_SIZE.value; offset += INPUT_SIZE.value) {
    memory.set(data.subarray(offset, offset + INPUT_SIZE.value), INPUT.value)
    wasm.hashUpdate(INPUT.value, INPUT_SIZE.value)
  }
  memory.set(offset === 0 ? data : data.subarray(offset), INPUT.value)
  wasm.hashFinish(INPUT.value, data.length - offset)
  return memory.slice(HASH_STATE.value, HASH_STATE.value + outputLength)
}

/** A module whose memory never grows, so that a view on it is made once. */
function openModule() {
  const wasm = instantiateCodec(compiledCodec())
  return { wasm, memory: new Uint8Array(wasm.memory.buffer) }
}
