import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renderWasmModule } from './wasm-module.ts'

await writeFile(join(import.meta.dirname, '../src/codec/wasm.generated.ts'), await renderWasmModule())
