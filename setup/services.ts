import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { mintToken } from '../packages/twin/src/index.ts'
import { startDaemon, stateFolder } from './daemon.ts'
import { ensurePackages, findProgram, SetupError, say } from './system.ts'

/** Loopback ports of the local services; kept in the state folder, since flists name the backend's port. */
export type LocalPorts = {
  readonly registry: number
  readonly hub: number
  readonly gateway: number
  readonly backend: number
}

const preferredPorts: LocalPorts = { registry: 5077, hub: 8077, gateway: 9980, backend: 9900 }

/** Seed of the local hub's token key: 32 random bytes, made once, readable by this user alone. */
const seedFile = join(stateFolder, 'hub.seed')

/**
 * Makes sure a Docker engine answers: the one DOCKER_HOST names, the one that runs, or Debian's, installed and started.
 *
 * @throws SetupError saying what to do when none can be had
 */
export async function ensureEngine(): Promise<void> {
  if (await engineAnswers()) return
  if (process.env.DOCKER_HOST) {
    throw new SetupError(
      `no Docker engine answers at DOCKER_HOST=${process.env.DOCKER_HOST}; start it or unset DOCKER_HOST`,
    )
  }
  if (existsSync('/var/run/docker.sock') && (await pingEngine()) === 'EACCES') {
    throw new SetupError(
      'the Docker engine refuses this user; add it to the group: sudo usermod -aG docker "$USER", log in again',
    )
  }
  ensurePackages({ dockerd: 'docker.io' })
  // Where an init system runs, installing the package has started the engine already.
  for (let tries = 0; tries < 20 && existsSync('/run/systemd/system'); tries++) {
    if (await engineAnswers()) return
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  say('starting the Docker engine (dockerd)')
  const command = [findProgram('dockerd') ?? 'dockerd', `--group=${process.getgid?.() ?? 0}`]
  await startDaemon({ name: 'dockerd', command, answers: engineAnswers, asRoot: true, patience: 60_000 })
}

async function engineAnswers(): Promise<boolean> {
  return (await pingEngine()) === 'OK'
}

/** What the engine's `/_ping` says, or the error code of the connection. */
async function pingEngine(): Promise<string> {
  const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock'
  const tcp = /^(?:tcp|http):\/\/([^:/]+):(\d+)/.exec(host)
  const target = tcp ? { host: tcp[1], port: Number(tcp[2]) } : { socketPath: host.replace(/^unix:\/\//, '') }
  return getBody({ ...target, path: '/_ping' })
}

/** Chooses the ports once: the preferred ones where they are free. */
export async function choosePorts(): Promise<LocalPorts> {
  const file = join(stateFolder, 'ports.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as LocalPorts
  const chosen = Object.entries(preferredPorts).map(async ([name, port]) => [name, await freePort(port)] as const)
  const ports = Object.fromEntries(await Promise.all(chosen))
  mkdirSync(stateFolder, { recursive: true })
  writeFileSync(file, `${JSON.stringify(ports, null, 2)}\n`)
  return ports as LocalPorts
}

async function freePort(preferred: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', () =>
      preferred === 0 ? reject(new SetupError('no free loopback port')) : resolve(freePort(0)),
    )
    server.listen(preferred, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : preferred))
    })
  })
}

/** Makes sure a registry (Debian's docker-registry) answers on its loopback port, with its blobs in the state folder. */
export async function ensureRegistry(port: number): Promise<void> {
  const answers = async () => (await getBody({ host: '127.0.0.1', port, path: '/v2/' })) === '{}'
  if (await answers()) return
  ensurePackages({ 'docker-registry': 'docker-registry' })
  say(`starting an image registry on 127.0.0.1:${port} (docker-registry)`)
  const storage = join(stateFolder, 'registry')
  mkdirSync(storage, { recursive: true })
  const config = join(stateFolder, 'registry.yml')
  const filesystem = { filesystem: { rootdirectory: storage }, delete: { enabled: true } }
  // JSON is YAML.
  writeFileSync(config, JSON.stringify({ version: 0.1, storage: filesystem, http: { addr: `127.0.0.1:${port}` } }))
  await startDaemon({ name: 'registry', command: ['docker-registry', 'serve', config], answers })
}

/** What bootstraps a base image, and the keys it checks Debian's archive with (Ubuntu has them in a package of its own). */
export const bootstrapPackages: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
}

/** Makes sure base images can be had: pulled where the public registry answers, else bootstrapped. */
export async function ensureBases(): Promise<void> {
  const answer = await fetch('https://registry-1.docker.io/v2/', { signal: AbortSignal.timeout(5_000) }).catch(
    () => undefined,
  )
  if (answer) return
  ensurePackages(bootstrapPackages)
}

/** Makes sure the local hub (packages/twin) answers. */
export async function ensureHub(ports: LocalPorts): Promise<void> {
  const answers = async () =>
    (await getBody({ host: '127.0.0.1', port: ports.hub, path: '/api/flist/me' })).includes('authorization')
  if (await answers()) return
  hubSeed()
  say(`starting a local hub on 127.0.0.1:${ports.hub}`)
  const numbers = ['--port', ports.hub, '--gateway-port', ports.gateway, '--backend-port', ports.backend].map(String)
  const program = [process.execPath, join(import.meta.dirname, '..', 'packages', 'cli', 'src', 'main.ts'), 'twin']
  const folders = ['--root', join(stateFolder, 'hub'), '--seed-file', seedFile]
  await startDaemon({ name: 'hub', command: [...program, ...folders, ...numbers], answers })
}

/** A token of the local hub's only account, which this machine's user makes for himself. */
export function hubToken(): string {
  return mintToken(hubSeed(), 'tf-images.3bot')
}

/** The local hub's seed; made when there is none. */
function hubSeed(): Uint8Array {
  mkdirSync(stateFolder, { recursive: true })
  if (!existsSync(seedFile)) writeFileSync(seedFile, randomBytes(32).toString('hex'), { mode: 0o600 })
  return Buffer.from(readFileSync(seedFile, 'utf8'), 'hex')
}

/** Body of a GET, or the error code when the connection fails. */
function getBody(target: object): Promise<string> {
  return new Promise((resolve) => {
    const call = request({ ...target, timeout: 5_000 }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text) => (body += text))
      response.on('end', () => resolve(body.trim()))
      response.on('error', () => resolve(''))
    })
    call.on('timeout', () => call.destroy())
    call.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    call.end()
  })
}
