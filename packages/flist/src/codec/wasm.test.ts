import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { renderWasmModule } from '../../scripts/wasm-module.ts'
import { BATCH_BYTES, BATCH_CHUNKS } from './batch.ts'
import { createCodecMemory, instantiateCodec, MEMORY_PAGES } from './codec-module.ts'
import { compiledCodec } from './wasm.ts'

test('the committed module is what its sources compile to', async () => {
  const committed = await readFile(new URL('./wasm.generated.ts', import.meta.url), 'utf8')
  expect(committed === (await renderWasmModule()), 'run `pnpm --filter @tf-images/flist build:wasm`').toBe(true)
})

test('the module and who calls it agree on the sizes of batches and memory', () => {
  const module = instantiateCodec(compiledCodec(), createCodecMemory())
  expect([module.BATCH_SIZE.value, module.BATCH_CHUNKS.value]).toEqual([BATCH_BYTES, BATCH_CHUNKS])
  expect(module.MEMORY_SIZE.value).toBeLessThanOrEqual(MEMORY_PAGES << 16)
  expect(module.MEMORY_SIZE.value).toBeGreaterThan((MEMORY_PAGES - 32) << 16)
})
