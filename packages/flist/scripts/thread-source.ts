import { basename, join } from 'node:path'
import { build } from 'esbuild'

/** What threads run: scripts in `src`, each with the constant that holds its source text in `<script>.generated.ts`. */
export const THREADS = [
  { script: 'src/codec/codec-thread', constant: 'CODEC_THREAD_SOURCE' },
  { script: 'src/stores/chunk-search-thread', constant: 'CHUNK_SEARCH_THREAD_SOURCE' },
] as const

/** The package. */
const ROOT = join(import.meta.dirname, '..')

/** Where the source text of a thread is committed. */
export function generatedPath({ script }: (typeof THREADS)[number]): string {
  return join(ROOT, `${script}.generated.ts`)
}

/**
 * A module with what a thread runs as one script in a string, so that it runs from the sources and from a bundle of one file
 * alike.
 */
export async function renderThreadSource({ script, constant }: (typeof THREADS)[number]): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, `${script}.ts`)],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    // Worker takes scripts from memory as CommonJS.
    format: 'cjs',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  const lines = [
    `// Generated from ${basename(script)}.ts by \`pnpm --filter @tf-images/flist build:thread\`; do not edit.`,
    `export const ${constant} = ${JSON.stringify(outputFiles[0]?.text.trimEnd())}`,
  ]
  return `${lines.join('\n')}\n`
}
