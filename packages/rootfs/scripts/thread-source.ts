import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * The text of src/decompression-thread.generated.ts: what a decompression thread runs, as one script in a string, so that it
 * runs from the sources and from a bundle of one file alike.
 */
export async function renderThreadSource(): Promise<string> {
  const root = join(import.meta.dirname, '..')
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src/decompression-thread.ts')],
    absWorkingDir: root,
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
    '// Generated from decompression-thread.ts by `pnpm --filter @tf-images/rootfs build:thread`; do not edit.',
    `export const DECOMPRESSION_THREAD_SOURCE = ${JSON.stringify(outputFiles[0]?.text.trimEnd())}`,
  ]
  return `${lines.join('\n')}\n`
}
