import { createServer, type Socket } from 'node:net'
import { chunkId } from '../src/codec/chunk.ts'

/** What a test's server does with a command: the bytes to answer with, or nothing to stay silent. */
export type RespHandler = (command: Buffer[], socket: Socket) => string | Buffer | undefined

/** After how many bytes a connection is destroyed, in either direction; the first one is number 0. */
export type Cut = (connection: number) => { readonly received?: number; readonly sent?: number }

/**
 * A server of the Redis protocol as far as the stores speak it. `commands` has the names and texts of all it got, `bytes`
 * counts what went over its connections.
 */
export async function startRespServer(handler: RespHandler, cut: Cut = () => ({})) {
  const sockets = new Set<Socket>()
  const commands: string[] = []
  const bytes = { received: 0, sent: 0, connections: 0 }
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    let buffer: Buffer = Buffer.alloc(0)
    let { received = Number.POSITIVE_INFINITY, sent = Number.POSITIVE_INFINITY } = cut(bytes.connections++)
    if (received === 0 || sent === 0) return void socket.destroy()
    socket.on('error', () => {})
    socket.on('data', (data) => {
      const taken = data.subarray(0, received)
      received -= taken.length
      bytes.received += taken.length
      buffer = Buffer.concat([buffer, taken])
      for (let command = takeCommand(); command && sent > 0; command = takeCommand()) {
        commands.push(command.map((part) => part.toString('latin1')).join(' '))
        const reply = handler(command, socket)
        if (reply !== undefined) send(Buffer.from(reply))
      }
      if (received === 0) socket.destroySoon()
    })

    function send(reply: Buffer): void {
      const given = reply.subarray(0, sent)
      sent -= given.length
      bytes.sent += given.length
      socket.write(given)
      if (sent === 0) socket.destroySoon()
    }

    function takeCommand(): Buffer[] | undefined {
      const count = lineAt(0)
      if (!count) return undefined
      const parts: Buffer[] = []
      let at = count.next
      for (let i = 0; i < count.number; i++) {
        const length = lineAt(at)
        if (!length || buffer.length < length.next + length.number + 2) return undefined
        parts.push(buffer.subarray(length.next, length.next + length.number))
        at = length.next + length.number + 2
      }
      buffer = buffer.subarray(at)
      return parts
    }

    /** The number of a line like `*3` or `$16`. */
    function lineAt(at: number) {
      const end = buffer.indexOf('\r\n', at)
      return end < 0 ? undefined : { number: Number(buffer.toString('latin1', at + 1, end)), next: end + 2 }
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    port,
    commands,
    bytes,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A bulk string. */
export function bulk(data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`$${data.length}\r\n`), data, Buffer.from('\r\n')])
}

/** 0-hub-gw as far as the stores use it: EXISTS and SET for those who gave the token, no GET. */
export function gatewayHandler(chunks: Map<string, Buffer>, token: string): RespHandler {
  const known = new WeakSet<Socket>()
  return ([name, key = Buffer.alloc(0), value], socket) => {
    const command = name?.toString()
    if (command === 'AUTH') {
      if (key.toString() !== token) return `-Access denied, ${key} is not valid\r\n`
      known.add(socket)
      return '+OK - alice.3bot\r\n'
    }
    if (!known.has(socket)) return '-Permission denied\r\n'
    const id = key.toString('hex')
    if (command === 'EXISTS') return chunks.has(id) ? ':1\r\n' : ':0\r\n'
    if (command !== 'SET' || !value) return `-ERR unknown command '${command}'\r\n`
    if (!Buffer.from(chunkId(value)).equals(key)) return '-Unauthorized payload\r\n'
    if (chunks.has(id)) return '$-1\r\n'
    chunks.set(id, Buffer.from(value))
    return bulk(key)
  }
}

/** 0-db as far as the stores use it, with the namespace `default` and its password. */
export function zdbHandler(chunks: Map<string, Buffer>, password = 'secret'): RespHandler {
  const writable = new WeakSet<Socket>()
  return ([name, key = Buffer.alloc(0), value], socket) => {
    const id = key.toString('hex')
    switch (name?.toString()) {
      case 'SELECT':
        if (key.toString() !== 'default') return '-Namespace not found\r\n'
        if (value && value.toString() !== password) return '-Access denied\r\n'
        if (value) writable.add(socket)
        return '+OK\r\n'
      case 'EXISTS':
        return chunks.has(id) ? ':1\r\n' : ':0\r\n'
      case 'GET':
        return chunks.has(id) ? bulk(chunks.get(id) as Buffer) : '$-1\r\n'
      case 'SET':
        if (!writable.has(socket)) return '-Namespace is in read-only mode\r\n'
        if (chunks.has(id)) return '$-1\r\n'
        chunks.set(id, Buffer.from(value as Buffer))
        return bulk(key)
      default:
        return '-Command not supported\r\n'
    }
  }
}
