// `npm test`: style, types, unit tests, then the tests that need a real engine and registry. Nothing is skipped: where
// the engine can not be had the command fails. Arguments go to vitest: `npm test -- packages/flist`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { bootstrapPackages, ensureEngine } from './services.ts'
import { ensurePackages, SetupError } from './system.ts'

const root = join(import.meta.dirname, '..')
const filters = process.argv.slice(2)

/** Other people's tools that our results are compared with. */
const comparedTools = { skopeo: 'skopeo', umoci: 'umoci', buildah: 'buildah', setcap: 'libcap2-bin' }

try {
  ensurePackages({ 'docker-registry': 'docker-registry', ...bootstrapPackages, ...comparedTools })
  await ensureEngine()
  const checks =
    filters.length > 0
      ? []
      : [
          ['biome', 'check'],
          ['tsc', '--noEmit'],
        ]
  for (const command of [...checks, ['vitest', 'run', ...filters]]) run(command)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(`setup: ${error.message}`)
  process.exitCode = 1
}

function run([program = '', ...args]: readonly string[]): void {
  console.log(`\n> ${[program, ...args].join(' ')}`)
  const result = spawnSync(join(root, 'node_modules', '.bin', program), args, { cwd: root, stdio: 'inherit' })
  if (result.status !== 0) process.exit(result.status ?? 130)
}
