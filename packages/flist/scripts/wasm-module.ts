import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { main } from 'assemblyscript/asc'
import { MEMORY_PAGES } from '../src/codec/codec-module.ts'
import { blake2bRounds } from './blake2b-rounds.ts'

const ASSEMBLY = join(import.meta.dirname, '../assembly')
const OUTPUT = 'codec.wasm'

const COMPILER_OPTIONS = [
  ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--converge', '--noAssert', '--uncheckedBehavior', 'always'],
  ...['--runtime', 'stub', '--enable', 'simd', '--enable', 'relaxed-simd', '--use', 'abort='],
  ...['--importMemory', '--sharedMemory', '--enable', 'threads'],
  ...['--initialMemory', `${MEMORY_PAGES}`, '--maximumMemory', `${MEMORY_PAGES}`],
]

/** Compiles the sources in assembly/; the same sources and compiler give the same bytes. */
async function compile(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const { error, stderr } = await main(['index.ts', '--outFile', OUTPUT, ...COMPILER_OPTIONS], {
    readFile: (name) => {
      if (basename(name) === 'blake2b-rounds.ts') return blake2bRounds()
      return readFile(join(ASSEMBLY, name), 'utf8').catch(() => null)
    },
    writeFile: (name, contents) => {
      if (name === OUTPUT && typeof contents !== 'string') wasm = contents
    },
    listFiles: () => [],
  })
  if (error || !wasm) throw new Error(`assembly/: the module does not compile\n${stderr.toString()}`, { cause: error })
  return wasm
}

/** The text of src/codec/wasm.generated.ts: the module as base64, so that a bundle of one file contains it. */
export async function renderWasmModule(): Promise<string> {
  const lines = [
    '// Generated from packages/flist/assembly by `pnpm --filter @tf-images/flist build:wasm`; do not edit.',
    `export const WASM_BASE64 = '${Buffer.from(await compile()).toString('base64')}'`,
  ]
  return `${lines.join('\n')}\n`
}
