import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type TestRegistry = {
  /** `127.0.0.1:port` */
  readonly host: string
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** Debian's docker-registry on a free loopback port with storage of its own. Fails when the program is missing. */
export async function startRegistry(): Promise<TestRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'flist-registry-'))
  const port = await freePort()
  const config = join(folder, 'config.yml')
  const storage = { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } }
  // JSON is YAML.
  await writeFile(
    config,
    JSON.stringify({ version: 0.1, log: { level: 'error' }, storage, http: { addr: `127.0.0.1:${port}` } }),
  )
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' })
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`docker-registry ended with ${code}`)))
  })
  failed.catch(() => undefined)
  const host = `127.0.0.1:${port}`
  await Promise.race([failed, untilAnswering(`http://${host}/v2/`)])
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || !address) throw new Error('no free port')
  return address.port
}

async function untilAnswering(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
