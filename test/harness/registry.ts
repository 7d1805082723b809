import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

export type TestRegistry = AsyncDisposable & {
  /** `127.0.0.1:port` */
  readonly host: string
}

export type TestRegistryOptions = {
  /** A line of htpasswd (bcrypt): the only account; without it anybody may read and write. */
  readonly account?: string
}

/**
 * The registry of the distribution project as Debian packages it, on a free loopback port, with storage of its own that is
 * removed at the end. Fails when the program is not installed.
 */
export async function startRegistry({ account }: TestRegistryOptions = {}): Promise<TestRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'flist-registry-'))
  const host = `127.0.0.1:${await freePort()}`
  const [config, accounts] = [join(folder, 'config.yml'), join(folder, 'htpasswd')]
  const storage = { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } }
  const auth = account === undefined ? {} : { auth: { htpasswd: { realm: 'test', path: accounts } } }
  await writeFile(accounts, account ?? '')
  // Nobody reads what it would log.
  const log = { level: 'error', accesslog: { disabled: true } }
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ version: 0.1, log, storage, http: { addr: host }, ...auth }))
  const server = spawn('docker-registry', ['serve', config], { stdio: 'ignore' })
  await once(server, 'spawn')
  await untilAnswering(`http://${host}/v2/`, account === undefined ? 200 : 401)
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      server.kill()
      if (server.exitCode === null) await once(server, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function untilAnswering(url: string, status: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.status === status) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`docker-registry does not answer at ${url}`)
}
