import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Content, ImageFixture } from './image-fixture.ts'

/** The registry of the distribution project, as Debian packages it, running on a loopback port. */
export type DebianRegistry = {
  readonly host: string
  /** Pushes to it with plain HTTP requests, so that nothing under test is needed to fill it. */
  pushImage(repository: string, image: ImageFixture, tag: string): Promise<void>
  pushManifest(repository: string, manifest: Content, tag: string): Promise<void>
  close(): Promise<void>
}

export const USERNAME = 'e2e'
export const PASSWORD = 'e2e-password'
/** bcrypt of PASSWORD: `perl -e 'print crypt("e2e-password", q($2y$05$abcdefghijklmnopqrstuu))'` */
const HTPASSWD = `${USERNAME}:$2y$05$abcdefghijklmnopqrstuueadQeWls67mLlLjbH/TccCNge6gVKkG\n`
const AUTHORIZATION = `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}`

/** Starts `docker-registry` over an empty directory, with one account; fails when the program is not installed. */
export async function startDebianRegistry(): Promise<DebianRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'debian-registry-'))
  const port = await freePort()
  const config = {
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: `127.0.0.1:${port}` },
    auth: { htpasswd: { realm: 'e2e', path: join(folder, 'htpasswd') } },
  }
  await writeFile(join(folder, 'htpasswd'), HTPASSWD)
  // JSON is YAML.
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config))
  const server = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
  await once(server, 'spawn')
  const url = `http://127.0.0.1:${port}`
  await untilReady(url)

  const call = async (
    method: string,
    target: string,
    body?: Buffer,
    type = 'application/octet-stream',
  ): Promise<Response> => {
    const headers = { authorization: AUTHORIZATION, 'content-type': type }
    const response = await fetch(target, { method, headers, ...(body && { body: new Uint8Array(body) }) })
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${await response.text()}`)
    return response
  }
  const pushManifest = async (repository: string, manifest: Content, tag: string): Promise<void> => {
    await call('PUT', `${url}/v2/${repository}/manifests/${tag}`, manifest.bytes, manifest.mediaType)
  }
  return {
    host: `127.0.0.1:${port}`,
    pushManifest,
    async pushImage(repository, image, tag) {
      for (const { digest, bytes } of [image.config, ...image.layers]) {
        const upload = await call('POST', `${url}/v2/${repository}/blobs/uploads/`)
        const target = new URL(upload.headers.get('location') ?? '', url)
        target.searchParams.set('digest', digest)
        await call('PUT', target.href, bytes)
      }
      await pushManifest(repository, image.manifest, tag)
    },
    async close() {
      server.kill()
      if (server.exitCode === null) await once(server, 'exit')
      await rm(folder, { recursive: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function untilReady(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answered = await fetch(`${url}/v2/`).catch(() => undefined)
    if (answered?.status === 401) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`docker-registry does not answer at ${url}`)
}
