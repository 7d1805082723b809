// `npm start`: the quick start. Sets up an engine, a registry and a hub on this machine, then runs `flist up` on them.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { choosePorts, ensureBases, ensureEngine, ensureHub, ensureRegistry, hubToken } from './services.ts'
import { SetupError } from './system.ts'

const root = join(import.meta.dirname, '..')
const program = join(root, 'packages', 'cli', 'src', 'main.ts')
const args = process.argv.slice(2)

try {
  const wantsHelp = args.includes('--help') || args.includes('-h')
  const environment = wantsHelp ? {} : await startServices()
  const result = spawnSync(process.execPath, [program, 'up', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  })
  process.exitCode = result.status ?? 130
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(`setup: ${error.message}`)
  process.exitCode = 1
}

/** The settings of `flist up` that make it use this machine's services. */
async function startServices(): Promise<Record<string, string>> {
  await ensureEngine()
  const ports = await choosePorts()
  await ensureRegistry(ports.registry)
  await ensureHub(ports)
  await ensureBases()
  return {
    FLIST_REGISTRY: `127.0.0.1:${ports.registry}/tf-images`,
    FLIST_HUB_URL: `http://127.0.0.1:${ports.hub}`,
    FLIST_HUB_GATEWAY: `hub://127.0.0.1:${ports.gateway}`,
    FLIST_HUB_BACKEND: `zdb://127.0.0.1:${ports.backend}/default`,
    FLIST_HUB_TOKEN: hubToken(),
  }
}
