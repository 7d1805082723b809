// The door of `npm start`, `npm test` and `npm stop`. Plain JavaScript for Node 18 and no dependency: it runs before
// anything is installed. It installs pnpm and the dependencies (Node 24 among them) into this clone, says so before
// it does, and hands over to the TypeScript beside it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
// Pinned here, not in package.json's packageManager: pnpm would then want to fetch itself once more.
const pnpmVersion = '12.21.0'
const stampFile = join(root, 'node_modules', '.installed')
const node = join(root, 'node_modules', '.bin', 'node')

const [command, ...args] = process.argv.slice(2)
const programs = { start: 'start.ts', test: 'test.ts', stop: 'stop.ts' }

if (process.platform !== 'linux') fail(`this is ${process.platform}; the pipeline runs on Linux (Debian 12 or Ubuntu)`)
if (command !== 'install' && !(command in programs)) fail('usage: npm start | npm test | npm stop')

installDependencies()
if (command in programs) {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(':')
  const program = join(root, 'setup', programs[command])
  const result = spawnSync(node, [program, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  })
  if (result.error) fail(`could not start ${node}: ${result.error.message}; remove node_modules and try again`)
  process.exit(result.status ?? 130)
}

/** Installs what the lock file names, unless that very lock file is installed already. */
function installDependencies() {
  const stamp = fingerprint()
  if (existsSync(node) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  const pnpm = join(root, '.tools', 'node_modules', '.bin', 'pnpm')
  console.log(
    `setup: installing pnpm ${pnpmVersion} into .tools/, then Node 24 and the dependencies into node_modules/`,
  )
  const npm = ['install', '--prefix', '.tools', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund']
  run('npm', [...npm, '--loglevel=error', `pnpm@${pnpmVersion}`])
  run(pnpm, ['install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=error'])
  writeFileSync(stampFile, stamp)
}

/** Changes whenever a lock file, a manifest or the installing code does. */
function fingerprint() {
  const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'package.json'))
  const inputs = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'setup/main.mjs', ...packages.sort()]
  const hash = createHash('sha256')
  for (const file of inputs) if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function run(program, programArgs) {
  const result = spawnSync(program, programArgs, { cwd: root, stdio: 'inherit' })
  if (result.error) fail(`could not start ${program}: ${result.error.message}`)
  if (result.signal) process.exit(130)
  if (result.status !== 0)
    fail(`\`${program} ${programArgs.join(' ')}\` failed (exit code ${result.status}); its output is above`)
}

function fail(message) {
  console.error(`setup: ${message}`)
  process.exit(1)
}
