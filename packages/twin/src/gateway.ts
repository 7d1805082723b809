import type { ChunkFolder } from './chunk-folder.ts'
import { bulk, error, flag, type Reply, type Session, status } from './redis-server.ts'
import type { TokenReader } from './tokens.ts'

/** What the token gateway works on. */
export type GatewayContext = {
  readonly chunks: ChunkFolder
  readonly readToken: TokenReader
  /** The id of stored bytes: their blake2b hash of 16 bytes. */
  readonly chunkId: (data: Uint8Array) => Uint8Array
}

/** Clients look for "0-db" in it. */
const INFO = Buffer.from('Gateway for 0-db (zdb) compatible clients\n')

/**
 * One connection to the token gateway (0-hub-gw): `AUTH` takes a hub token, `SET` takes only bytes under their own id, and
 * there is no `GET`. A failed `AUTH` also ends an earlier one. The token only lets in; chunks belong to nobody.
 */
export function openGatewaySession(context: GatewayContext): Session {
  let authenticated = false

  function authenticate(args: readonly Buffer[]): Reply {
    if (args.length !== 1) return wrongArguments('AUTH')
    const user = context.readToken(String(args[0]))
    authenticated = user !== undefined
    return user === undefined ? error('Access denied') : status(`OK - ${user}`)
  }

  async function exists(args: readonly Buffer[]): Promise<Reply> {
    if (!authenticated) return error('Permission denied')
    const [key] = args
    if (!key || args.length !== 1) return wrongArguments('EXISTS')
    return flag(await context.chunks.has(key))
  }

  async function set(args: readonly Buffer[]): Promise<Reply> {
    if (!authenticated) return error('Permission denied')
    const [key, value] = args
    if (!key || !value || args.length !== 2) return wrongArguments('SET')
    if (!key.equals(context.chunkId(value))) return error('Unauthorized payload')
    return bulk((await context.chunks.set(key, value)) ? key : null)
  }

  return async ([command, ...args]) => {
    const name = String(command)
    switch (name.toUpperCase()) {
      case 'AUTH':
        return authenticate(args)
      case 'EXISTS':
        return exists(args)
      case 'SET':
        return set(args)
      case 'INFO':
        return bulk(INFO)
      case 'SELECT':
        return status('OK')
      case 'PING':
        return status('PONG')
      case 'QUIT':
        return 'quit'
      default:
        return error(`ERR unknown command '${name.replace(/[\r\n]/g, ' ')}'`)
    }
  }
}

const wrongArguments = (command: string): Reply => error(`Wrong number of arguments for '${command}' command`)
