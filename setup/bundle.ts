// Bundles the command line of a clone into a new folder: `bundle.ts ROOT FOLDER`, called by `flist` when the sources are
// others than those of all bundles there are. Commands stay files of their own, read when they are asked for.
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { bundleOptions } from '../packages/action/scripts/bundle.ts'

/** Programs that run for long may still read theirs. */
const KEPT_BUNDLES = 3

const [root = '', folder = ''] = process.argv.slice(2)
const bundles = dirname(folder)
mkdirSync(bundles, { recursive: true })
const made = mkdtempSync(join(bundles, '.new-'))
try {
  const entryPoints = [join(root, 'packages', 'cli', 'src', 'main.ts')]
  await build({
    ...bundleOptions,
    entryPoints,
    outdir: made,
    splitting: true,
    outExtension: { '.js': '.mjs' },
    logLevel: 'silent',
  })
  renameSync(made, folder)
  const olderFirst = readdirSync(bundles)
    .map((name) => ({ path: join(bundles, name), time: statSync(join(bundles, name)).mtimeMs }))
    .sort((a, b) => a.time - b.time)
  for (const { path } of olderFirst.slice(0, -KEPT_BUNDLES)) rmSync(path, { recursive: true, force: true })
} catch {
  // Sources in the middle of a change, or another run was faster: the sources themselves say what is wrong.
  process.exitCode = 1
} finally {
  rmSync(made, { recursive: true, force: true })
}
