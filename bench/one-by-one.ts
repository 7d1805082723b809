import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { StoredChunk } from '../packages/flist/src/index.ts'

type Address = { readonly host: string; readonly port: number }

/** Where chunks go, and the token that lets them in. */
export type ChunkServers = { readonly gateway: Address; readonly backend: Address; readonly token: string }

/**
 * Sends chunks as zflist 2.3.0 does: for each of them GET, to see whether it is there, then SET, waiting for every answer. The
 * gateway refuses GET, so that each chunk is sent, whether it is there or not.
 */
export async function sendOneByOne({ gateway, token }: ChunkServers, chunks: readonly StoredChunk[]): Promise<void> {
  const socket = connect(gateway.port, gateway.host)
  socket.setNoDelay(true)
  await once(socket, 'connect')
  try {
    await ask(socket, 'INFO')
    await ask(socket, 'AUTH', token)
    await ask(socket, 'SELECT', 'default')
    for (const { id, data } of chunks) {
      await ask(socket, 'GET', id)
      const answer = await ask(socket, 'SET', id, data)
      if (!answer.startsWith('$')) throw new Error(`the gateway refused a chunk: ${answer}`)
    }
  } finally {
    socket.destroy()
  }
}

/** One request, and its answer: a line, or a value of one line. */
async function ask(socket: Socket, ...parts: readonly (string | Uint8Array)[]): Promise<string> {
  const bulks = parts.flatMap((part) => [
    Buffer.from(`$${Buffer.byteLength(part)}\r\n`),
    Buffer.from(part),
    Buffer.from('\r\n'),
  ])
  socket.write(Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...bulks]))
  let answer = Buffer.alloc(0)
  while (!isWhole(answer)) {
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    answer = Buffer.concat([answer, bytes])
  }
  return answer.toString('latin1')
}

function isWhole(answer: Buffer): boolean {
  const end = answer.indexOf('\r\n')
  if (end < 0) return false
  if (answer[0] !== 0x24) return true
  const length = Number(answer.toString('latin1', 1, end))
  return length < 0 || answer.length >= end + 2 + length + 2
}
