import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs a reader of files with a file of these bytes, in a folder of its own that nothing else may appear in. */
export async function withInputFile(input: Buffer, name: string, read: (path: string) => unknown): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-'))
  try {
    const path = join(folder, name)
    await writeFile(path, input)
    await read(path)
    const found = await readdir(folder)
    if (found.some((other) => other !== name)) throw new Error(`beside the input there is ${found.join(', ')}`)
  } finally {
    await rm(folder, { recursive: true })
  }
}
