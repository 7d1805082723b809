import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { TwinError } from './errors.ts'

/** Where a server of the twin listens. */
export type Address = { readonly host: string; readonly port: number }

/**
 * Opens a server's port.
 *
 * @throws TwinError `listen` when the port is taken or not allowed
 */
export async function listen(server: Server, host: string, port: number): Promise<Address> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    const place = `${host}:${port}`
    throw new TwinError('listen', `${place}: can not listen (${(error as Error).message}); stop what holds the port`, {
      cause: error,
    })
  }
  return { host, port: (server.address() as AddressInfo).port }
}

/** Makes the function that stops a server at once: it cuts the open connections, which `server.close` waits for. */
export function createStopper(server: Server): () => Promise<void> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return async () => {
    for (const socket of open) socket.destroy()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
}
