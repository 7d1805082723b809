// `npm start`: the quick start. Sets up an engine, a registry and a hub on this machine, then runs `flist up` on them, for two
// images unless others are named.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { loadRecipes } from '../packages/recipe/src/index.ts'
import { choosePorts, ensureBases, ensureEngine, ensureHub, ensureRegistry, hubToken } from './services.ts'
import { SetupError } from './system.ts'

const root = join(import.meta.dirname, '..')
const program = join(root, 'packages', 'cli', 'src', 'main.ts')
const args = process.argv.slice(2)
/** A base, and an image on it: enough to see the whole line. */
const examples = ['debian-12', 'nginx']

try {
  const wantsHelp = args.includes('--help') || args.includes('-h')
  const environment = wantsHelp ? {} : await startServices()
  const result = spawnSync(process.execPath, [program, 'up', ...args, ...((await namesImage(args)) ? [] : examples)], {
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

/** Whether a word is an image; where the recipes can not be read, the command that needs them says why. */
async function namesImage(words: readonly string[]): Promise<boolean> {
  const recipes = await loadRecipes(root).catch(() => undefined)
  return words.some((word) => recipes?.images.has(word))
}
