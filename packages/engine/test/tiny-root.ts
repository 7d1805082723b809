import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { pack } from 'tar-stream'

/** A root tar with just `/bin/sh` and `/bin/sleep` of this machine and the libraries they need: a base that comes from nowhere else. */
export async function tinyRoot(): Promise<AsyncIterable<Uint8Array>> {
  const programs = ['/bin/sh', '/bin/sleep']
  const libraries = await Promise.all(programs.map(librariesOf))
  const files = new Set([...programs, ...libraries.flat()])
  const archive = pack()
  const mtime = new Date(1_700_000_000_000)
  archive.entry({ name: 'tmp/', type: 'directory', mode: 0o1777, mtime })
  for (const file of files) archive.entry({ name: file.slice(1), mode: 0o755, mtime }, await readFile(file))
  archive.finalize()
  return archive as AsyncIterable<Uint8Array>
}

async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ldd', [program])
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? [])
}
