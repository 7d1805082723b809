// Makes one file of each part of the command line, which `./flist` then runs: a start reads some files instead of
// three hundred. `./flist` calls this when a source is newer than what it made last.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { build, type OutputFile, type Plugin, type TransformOptions, transform } from 'esbuild'
import { nodeBundle } from '../packages/action/scripts/bundle.ts'

const root = join(import.meta.dirname, '..')

/**
 * Of what commander imports from Node these are used by few commands or none, and take a tenth of every start: in the bundle they
 * are loaded when a function of theirs is called.
 */
const calledLater: Plugin = {
  name: 'called-later',
  setup(bundler) {
    bundler.onResolve({ filter: /^node:(child_process|util)$/ }, ({ path, importer }) =>
      importer.includes('/commander/') ? { path, namespace: 'called-later' } : undefined,
    )
    bundler.onLoad({ filter: /^/, namespace: 'called-later' }, ({ path }) => ({
      contents: `
        const later = (name) => (...values) => process.getBuiltinModule('${path}')[name](...values)
        export const stripVTControlCharacters = later('stripVTControlCharacters')
        export default { spawn: later('spawn') }`,
    }))
  },
}

/** A program that was started before a newer bundle was made may still load parts of the older one. */
const keepMilliseconds = 24 * 3_600_000

const commonJs = {
  format: 'cjs',
  // As modules are.
  banner: '"use strict";',
  platform: nodeBundle.platform,
  target: nodeBundle.target,
  // Other files are loaded by the same `require`, also later.
  supported: { 'dynamic-import': false },
  minifyWhitespace: true,
  minifySyntax: true,
  charset: 'ascii',
} as const satisfies TransformOptions

export type CommandLineBundle = {
  readonly files: readonly Pick<OutputFile, 'path' | 'contents'>[]
  /** What is imported when it runs, besides its own files. */
  readonly imports: readonly string[]
}

/** @throws Error also for what would only fail when it runs */
export async function bundleCommandLine(): Promise<CommandLineBundle> {
  const { metafile, outputFiles } = await build({
    ...nodeBundle,
    entryPoints: { program: join(root, 'packages', 'cli', 'src', 'main.ts') },
    absWorkingDir: root,
    splitting: true,
    banner: {},
    plugins: [calledLater],
    // As deep as where it will be, for its source maps.
    outdir: 'node_modules/.cache/flist/bundle',
    outExtension: { '.js': '.cjs' },
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'error',
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
  for (const { path, kind } of imports) {
    // With Node, CommonJS that is loaded later has its names; in a bundle it has not.
    const exports = metafile.outputs[path]?.exports ?? []
    if (kind === 'dynamic-import' && exports.length === 1 && exports[0] === 'default')
      throw new Error(
        `bundle: ${path}: CommonJS has no names where it is loaded later; load a module that exports them`,
      )
  }
  const outside = imports.filter(({ path }) => metafile.outputs[path] === undefined).map(({ path }) => path)
  const files = await Promise.all([bundledStart(), ...outputFiles.map(toCommonJs)])
  return { files: files.flat(), imports: [...new Set(outside)].sort() }
}

/** What loads the others. */
async function bundledStart(): Promise<CommandLineBundle['files']> {
  const sourcefile = join(root, 'packages', 'cli', 'src', 'bundle-start.ts')
  const { code } = await transform(readFileSync(sourcefile, 'utf8'), { ...commonJs, loader: 'ts', sourcefile })
  return [{ path: 'main.cjs', contents: Buffer.from(code) }]
}

/** Gives a module as CommonJS, and its source map: a start takes less time with these, and esbuild cuts only modules in parts. */
async function toCommonJs({ path, text }: OutputFile): Promise<CommandLineBundle['files']> {
  // Node takes the first line of a program away, where it is for the shell; what loads these does not.
  const { code, map, warnings } = await transform(text.replace(/^#!/, '//'), {
    ...commonJs,
    sourcemap: 'external',
    sourcefile: basename(path),
    sourcesContent: false,
  })
  const [warning] = warnings
  if (warning) throw new Error(`bundle: ${basename(path)}: ${warning.text}`)
  return [
    { path, contents: Buffer.from(`${code}//# sourceMappingURL=${basename(path)}.map\n`) },
    { path: `${path}.map`, contents: Buffer.from(map) },
  ]
}

/**
 * Writes a bundle under a name of its own, then lets `current` lead to it: nobody sees half of one.
 *
 * @param place folder of bundles
 * @param started when the sources were read: one that changed since is newer than the `stamp`
 */
export function installBundle({ files }: Pick<CommandLineBundle, 'files'>, place: string, started: Date): void {
  const hash = createHash('sha256')
  for (const { path, contents } of files) hash.update(basename(path)).update(contents)
  const name = hash.digest('hex').slice(0, 16)
  const folder = join(place, name)
  mkdirSync(place, { recursive: true })
  const temporary = mkdtempSync(join(place, 'part-'))
  // Who may read the clone may run it, whoever ran it first.
  chmodSync(temporary, statSync(place).mode & 0o777)
  for (const { path, contents } of files) writeFileSync(join(temporary, basename(path)), contents)
  try {
    renameSync(temporary, folder)
  } catch {
    // It is there: the same sources, or another process that was faster.
    rmSync(temporary, { recursive: true })
  }
  symlinkSync(name, temporary)
  renameSync(temporary, join(place, 'current'))
  const now = new Date()
  utimesSync(folder, now, now)
  writeFileSync(join(place, 'stamp'), '')
  utimesSync(join(place, 'stamp'), started, started)
  removeOld(place, [name, 'current', 'stamp'])
}

function removeOld(place: string, kept: readonly string[]): void {
  for (const name of readdirSync(place)) {
    const path = join(place, name)
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {}
    if (kept.includes(name) || mtimeMs === undefined || Date.now() - mtimeMs < keepMilliseconds) continue
    rmSync(path, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const started = new Date()
  try {
    installBundle(await bundleCommandLine(), join(root, 'node_modules', '.cache', 'flist'), started)
  } catch (error) {
    // The sources themselves run then, and nobody wants to read that with every command.
    if (process.env.FLIST_DEBUG) console.error(error)
    process.exitCode = 1
  }
}
