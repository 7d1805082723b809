import { type CodecModule, createCodecMemory, instantiateCodec } from './codec-module.ts'
import { compiledCodec } from './wasm.ts'

let shared: { readonly wasm: CodecModule; readonly memory: Uint8Array; readonly text: Buffer } | undefined

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

/** The same of a byte string, as hexadecimal digits; makes nothing else on the way, as every directory needs it. */
export function blake2bDigits(bytes: string, outputLength: number): string {
  shared ??= openModule()
  const { wasm, text } = shared
  const { INPUT, INPUT_SIZE, HASH_STATE } = wasm
  if (bytes.length > INPUT_SIZE.value) {
    return Buffer.from(blake2b(Buffer.from(bytes, 'latin1'), outputLength)).toString('hex')
  }
  wasm.hashBegin(outputLength)
  wasm.hashFinish(INPUT.value, text.write(bytes, INPUT.value, 'latin1'))
  return text.toString('hex', HASH_STATE.value, HASH_STATE.value + outputLength)
}

function openModule() {
  const memory = createCodecMemory()
  const wasm = instantiateCodec(compiledCodec(), memory)
  return { wasm, memory: new Uint8Array(memory.buffer), text: Buffer.from(memory.buffer) }
}
