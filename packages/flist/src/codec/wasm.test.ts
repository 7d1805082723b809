import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { renderWasmModule } from '../../scripts/wasm-module.ts'

test('the committed module is what its sources compile to', async () => {
  const committed = await readFile(new URL('./wasm.generated.ts', import.meta.url), 'utf8')
  expect(committed === (await renderWasmModule()), 'run `pnpm --filter @tf-images/flist build:wasm`').toBe(true)
})
