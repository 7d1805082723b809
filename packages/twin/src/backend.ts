import type { ChunkFolder } from './chunk-folder.ts'
import { bulk, error, flag, type Reply, type Session, status } from './redis-server.ts'

/** What the chunk backend works on. */
export type BackendContext = {
  readonly chunks: ChunkFolder
  /** The administrator's password, which in protected mode is also that of the default namespace. */
  readonly password: string
}

const LONGEST_KEY = 255
const LONGEST_PASSWORD = 128
const NAMESPACE = 'default'

/**
 * 0-db's commands in the order in which it looks for them. It compares only as many characters as the client sent, so that
 * `G` is `GET` and `S` is `SET`.
 */
const COMMANDS = [
  '* WAIT MIRROR MASTER PING TIME AUTH HOOKS INDEX DATA SET SETX GET MGET DEL EXISTS CHECK SCAN SCANX RSCAN KSCAN HISTORY',
  'KEYCUR LENGTH KEYTIME INFO STOP DBSIZE NSNEW NSDEL NSLIST NSSET NSINFO NSJUMP SELECT RELOAD FLUSH',
].flatMap((line) => line.split(' '))

const INFO = Buffer.from(
  '# server\nserver_name: 0-db (zdb)\nserver_revision: twin\nengine_revision: twin\n\n' +
    '# internals\nsequential_key_size: 4\ndata_version: 2\nindex_version: 2\n',
)

/**
 * One connection to the chunk backend: a 0-db in user-key mode, protected, with the public namespace `default`. Everybody
 * reads. Writing needs `SELECT default PASSWORD`; `AUTH` with the same password does not give it.
 */
export function openBackendSession(context: BackendContext): Session {
  let admin = false
  let writable = false

  function authenticate(args: readonly Buffer[]): Reply {
    const [password] = args
    if (!password || args.length !== 1) return error('Unexpected arguments')
    if (password.length === 0) return error('Invalid argument')
    if (password.length > LONGEST_PASSWORD) return error('Password too long')
    if (String(password) !== context.password) return error('Access denied')
    admin = true
    return status('OK')
  }

  function select([namespace, password, ...rest]: readonly Buffer[]): Reply {
    if (!namespace) return error('Invalid argument')
    if (namespace.length > LONGEST_PASSWORD) return error('Namespace too long')
    if (String(namespace) !== NAMESPACE) return error('Namespace not found')
    if (rest.length > 0) return error('Too many arguments')
    if (password && String(password) !== context.password) return error('Access denied')
    writable = password !== undefined
    return status('OK')
  }

  async function lookUp(args: readonly Buffer[], found: (key: Buffer) => Promise<Reply>): Promise<Reply> {
    const [key] = args
    if (!key || args.length !== 1) return error('Unexpected arguments')
    if (key.length === 0) return error('Invalid argument')
    return key.length > LONGEST_KEY ? error('Invalid key') : found(key)
  }

  async function set(args: readonly Buffer[]): Promise<Reply> {
    const [key, value] = args
    // The third argument is a timestamp, which a folder of chunks has no use for.
    if (args.length === 3 && !admin) return error('Permission denied')
    if (!key || !value || args.length > 3) return error('Unexpected arguments')
    if (key.length > LONGEST_KEY) return error('Key too large')
    if (!writable) return error('Namespace is in read-only mode')
    if (key.length === 0) return error('Invalid argument, key needed')
    return bulk((await context.chunks.set(key, value)) ? key : null)
  }

  return async ([command, ...args]) => {
    const name = String(command).toUpperCase()
    switch (COMMANDS.find((known) => known.startsWith(name))) {
      case '*':
        return error('This is not a valid command')
      case 'PING':
        return status('PONG')
      case 'INFO':
        return bulk(INFO)
      case 'AUTH':
        return authenticate(args)
      case 'SELECT':
        return select(args)
      case 'GET':
        return lookUp(args, async (key) => bulk((await context.chunks.get(key)) ?? null))
      case 'EXISTS':
        return lookUp(args, async (key) => flag(await context.chunks.has(key)))
      case 'SET':
      case 'SETX':
        return set(args)
      default:
        return error('Command not supported')
    }
  }
}
