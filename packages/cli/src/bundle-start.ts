// What `./flist` runs of a bundle: loads its files with what V8 compiled of them when the command ran before. Node's own cache
// has only what is compiled as a file is loaded; functions are compiled when they are first called, which are a thousand.
import { hash } from 'node:crypto'
import { accessSync, constants, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Script } from 'node:vm'

/** V8's code of files, by name. */
type CompiledCode = Map<string, Buffer>

/** What the file of it begins with: how many runs have added to it, and name and length of each one that follows. */
type Contents = { readonly runs: number; readonly parts: readonly (readonly [string, number])[] }

/** SHA-256 of all that follows. */
const DIGEST_BYTES = 32
/** V8 copies what is not aligned so. */
const ALIGNMENT = 8
const aligned = (length: number) => Math.ceil(length / ALIGNMENT) * ALIGNMENT

/** What the first runs call is kept; later ones look once an hour for what they call besides, as that takes 10 ms. */
const FIRST_RUNS = 2
const AGAIN_AFTER_MS = 3_600_000

/** A command line that made no sense to us (see exit-codes.ts). */
const WRONG_COMMAND = 2

const wrapper = ['(function(exports,require,module,__filename,__dirname){', '\n})'] as const

// Node has source maps of what it loads itself; and what is not compiled anew has no exact coverage.
if (process.sourceMapsEnabled || process.env.NODE_V8_COVERAGE) require('./program.cjs')
// The folder itself: what leads there may lead to another bundle when the code is kept.
else runCompiled(realpathSync(__dirname), process.argv[2] ?? '')

/** Runs the program in `folder`, and keeps what V8 compiled of it for this command and these options of V8. */
function runCompiled(folder: string, command: string): void {
  const options = process.execArgv.join('').replaceAll(/[^\w=-]/g, '')
  const file = join(folder, `code-${command}${options}`)
  const mayKeep = /^[a-z]+$/.test(command) && basename(file).length < 200
  const kept = mayKeep ? readCode(file) : undefined
  const { scripts, wasRejected, load } = createLoader(folder, kept?.code ?? new Map())
  if (mayKeep) {
    process.once('exit', (status) => {
      const isDue = kept === undefined || kept.isDue || wasRejected()
      if (!isDue || status === WRONG_COMMAND) return
      try {
        accessSync(folder, constants.W_OK)
        writeCode(file, addCode(wasRejected() ? undefined : kept?.code, scripts), (kept?.runs ?? 0) + 1)
      } catch {
        // The next run compiles again.
      }
    })
  }
  load('program.cjs')
}

/** Loads files of a bundle as `require` does. */
function createLoader(folder: string, code: CompiledCode) {
  const scripts = new Map<string, Script>()
  const modules = new Map<string, { exports: unknown }>()
  let rejected = false

  function load(name: string): unknown {
    const known = modules.get(name)
    if (known) return known.exports
    const filename = join(folder, name)
    const text = `${wrapper[0]}${readFileSync(filename, 'utf8')}${wrapper[1]}`
    const cachedData = code.get(name)
    const script = new Script(text, { filename, columnOffset: -wrapper[0].length, cachedData })
    rejected ||= script.cachedDataRejected === true
    scripts.set(name, script)
    const module = { exports: {} }
    modules.set(name, module)
    try {
      script.runInThisContext().call(module.exports, module.exports, requireFrom, module, filename, folder)
    } catch (error) {
      modules.delete(name)
      throw error
    }
    return module.exports
  }

  const requireFrom = (name: string) => (name.startsWith('./') ? load(name.slice(2)) : require(name))
  return { scripts, load, wasRejected: () => rejected }
}

/** What V8 has compiled by now, or had before: in a long run it throws away what was called at its beginning. */
function addCode(code: CompiledCode = new Map(), scripts: ReadonlyMap<string, Script>): CompiledCode {
  const all = new Map(code)
  for (const [name, script] of scripts) {
    const now = script.createCachedData()
    if (now.length > (all.get(name)?.length ?? 0)) all.set(name, now)
  }
  return all
}

/** `undefined` when there is none, or it is damaged: V8 does not look at what it is given. */
function readCode(file: string): { code: CompiledCode; runs: number; isDue: boolean } | undefined {
  try {
    const bytes = readFileSync(file)
    const digest = hash('sha256', bytes.subarray(DIGEST_BYTES), 'buffer')
    if (!digest.equals(bytes.subarray(0, DIGEST_BYTES))) return undefined
    let at = DIGEST_BYTES + ALIGNMENT
    const next = (length: number) => {
      const part = bytes.subarray(at, at + length)
      at += aligned(length)
      return part
    }
    const { runs, parts }: Contents = JSON.parse(next(bytes.readUInt32LE(DIGEST_BYTES)).toString())
    const code = new Map(parts.map(([name, length]) => [name, next(length)]))
    return { code, runs, isDue: runs < FIRST_RUNS || Date.now() - statSync(file).mtimeMs > AGAIN_AFTER_MS }
  } catch {
    return undefined
  }
}

/** Writes it as a whole or not at all. Of two that write at once the digest tells. */
function writeCode(file: string, code: CompiledCode, runs: number): void {
  const parts = [...code].map(([name, { length }]): [string, number] => [name, length])
  const contents = Buffer.from(JSON.stringify({ runs, parts } satisfies Contents))
  const length = Buffer.alloc(ALIGNMENT)
  length.writeUInt32LE(contents.length)
  const pieces = [length, contents, ...code.values()].map((piece) => Buffer.concat([piece], aligned(piece.length)))
  const bytes = Buffer.concat(pieces)
  const temporary = `${file}.part`
  try {
    writeFileSync(temporary, Buffer.concat([hash('sha256', bytes, 'buffer'), bytes]))
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
