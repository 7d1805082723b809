import { link, mkdtemp, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { SpecialNode } from '../tree.ts'

/** Makes device nodes and fifos, which Node has no call for. */
export type SpecialMaker = {
  /** Makes `node` at `path`, which must not be there. Gives the reason when the system will not have it. */
  make(node: SpecialNode & { readonly type: 'character' | 'block' | 'fifo' }, path: Buffer): Promise<string | undefined>
  /** Removes what it used. */
  close(): Promise<void>
}

/** What runs programs is loaded when one is run: a conversion, which reads this file and makes nothing, begins earlier. */
async function run(program: string, options: readonly string[]): Promise<void> {
  const [{ execFile }, { promisify }] = await Promise.all([import('node:child_process'), import('node:util')])
  await promisify(execFile)(program, options)
}

/**
 * A maker for one file system, with a directory of its own under `directory`. `mknod` and `mkfifo` make the node there
 * under a plain name, and a hard link puts it in its place: names in images need not be text, arguments of a program
 * must be, and a link never replaces or follows anything.
 */
export function createSpecialMaker(directory: string): SpecialMaker {
  let staging: Promise<string> | undefined
  return {
    async make(node, path) {
      staging ??= mkdtemp(join(directory, '.special-'))
      const made = join(await staging, 'node')
      try {
        if (node.type === 'fifo') await run('mkfifo', ['-m', '600', '--', made])
        else await run('mknod', ['-m', '600', '--', made, LETTERS[node.type], String(node.major), String(node.minor)])
      } catch (error) {
        return reasonOf(error)
      }
      try {
        await link(made, path)
      } finally {
        await unlink(made)
      }
      return undefined
    },
    async close() {
      if (staging !== undefined) await rm(await staging, { recursive: true, force: true })
    },
  }
}

const LETTERS = { character: 'c', block: 'b' }

function reasonOf(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
  return stderr === '' ? String(error) : stderr
}
