import { createHash } from 'node:crypto'
import { mkdir, realpath } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { PipelineError } from '../errors.ts'

/**
 * Keeps a folder to one run at a time, on this machine: what one has started must not be made anew by another before it is
 * published. The folder itself need not be there; the one above it is made.
 *
 * The lock is the name of an abstract socket (unix(7)), which the kernel takes back however a process ends, so nothing is
 * left to be cleaned up. Processes in another network namespace, such as a container's, have names of their own.
 *
 * @throws PipelineError 'busy'
 */
export async function lockMachine(folder: string): Promise<AsyncDisposable> {
  await mkdir(dirname(folder), { recursive: true })
  const server = createServer((socket) => socket.destroy()).unref()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(socketName(join(await realpath(dirname(folder)), basename(folder))), resolve)
  try {
    await promise
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) throw cause
    const message = `${folder}: another run works in it; wait until it has ended, or use another work folder`
    throw new PipelineError('busy', message, { cause })
  }
  return { [Symbol.asyncDispose]: () => new Promise((done) => void server.close(() => done())) }
}

/** Such names have room for 107 bytes. */
function socketName(folder: string): string {
  return `\0tf-images-${createHash('sha256').update(folder).digest('hex')}`
}
