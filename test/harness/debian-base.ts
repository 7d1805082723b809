import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectEngine, importImage, inspectImage, parseDockerHost } from '../../packages/engine/src/index.ts'
import { bootstrapDebian } from '../../packages/vm/src/index.ts'

/**
 * A Debian 12 base in the engine, bootstrapped as the pipeline does and kept for the next run under a name of the tests' own.
 *
 * @returns the name
 */
export async function ensureDebianBase(): Promise<string> {
  const name = 'tf-images-test/debian:12'
  const engine = await connectEngine(parseDockerHost(process.env.DOCKER_HOST))
  if (await inspectImage(engine, name)) return name
  const folder = await mkdtemp(join(tmpdir(), 'flist-test-base-'))
  try {
    const output = join(folder, 'root.tar')
    await bootstrapDebian({ release: 'bookworm', components: ['main'], sourceDateEpoch: 1_700_000_000, output })
    await importImage(engine, createReadStream(output), name, { changes: ['CMD ["bash"]'] })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return name
}
