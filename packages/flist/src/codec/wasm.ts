import { type CompiledCodec, compileCodec } from './codec-module.ts'
import { WASM_BASE64 } from './wasm.generated.ts'

let compiled: CompiledCodec | undefined

/** The module of wasm.generated.ts, compiled once per thread. */
export function compiledCodec(): CompiledCodec {
  compiled ??= compileCodec(Buffer.from(WASM_BASE64, 'base64'))
  return compiled
}
