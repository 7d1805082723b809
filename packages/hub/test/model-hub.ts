import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** What a repository of the model has. An archive is as many files and bytes as its text says, unreadable otherwise. */
export type Entry =
  | { type: 'regular'; bytes: string; md5: string }
  | { type: 'symlink'; target: string }
  | { type: 'taglink'; target: string }

/**
 * What happens to a request: it is lost before or after it has had its effect, or a proxy answers in its place, before or
 * after the effect.
 */
export type Fault = 'lost-before' | 'lost-after' | 'bad-gateway-before' | 'bad-gateway-after' | 'later'

type Reply = { status: number; text: string }
type Handler = (path: string[], body: string, headers: IncomingMessage['headers']) => Reply

const USER = 'alice'
const success = (payload?: object): Reply => json({ status: 'success', ...(payload ? { payload } : {}) })
const failure = (message: string, status: number): Reply => json({ status: 'error', message }, status)
const json = (value: unknown, status = 200): Reply => ({ status, text: `${JSON.stringify(value)}\n` })
const page = (status: number, title: string): Reply => ({ status, text: `<title>${status} ${title}</title>` })
const md5Of = (text: string): string => createHash('md5').update(text, 'latin1').digest('hex')

/**
 * A hub in memory that does what `0-hub` does when it is told to, quirks included: it replaces without a word, deletes what
 * is promoted onto itself, makes links that lead to themselves, forgets archives it can not read after it has replaced what
 * was there. `faults` are taken one by one by the requests that change something; `effects` counts what was done.
 */
export async function startModelHub() {
  const repositories = new Map<string, Map<string, Entry>>([[USER, new Map()]])
  const tags = new Map<string, Map<string, string>>()
  const faults: (Fault | undefined)[] = []
  const effects: string[] = []
  let made = 0

  const repository = (user: string) => repositories.get(user)
  const flist = (name: string) => (name.endsWith('.flist') ? name : `${name}.flist`)
  const store = (user: string, name: string, bytes: string) => {
    const entries = repository(user) ?? new Map<string, Entry>()
    repositories.set(user, entries.set(flist(name), { type: 'regular', bytes, md5: md5Of(bytes) }))
  }
  const entryOf = (user: string, name: string) => repository(user)?.get(flist(name))
  /** What consumers get; undefined when it leads nowhere. */
  function resolve(user: string, name: string, hops = 0): string | undefined {
    const entry = entryOf(user, name)
    if (entry?.type !== 'symlink') return entry?.type === 'regular' ? entry.bytes : undefined
    const [target = '', other = user] = entry.target.split('/').reverse()
    return hops < 8 ? resolve(other, target, hops + 1) : undefined
  }

  function lookUp(user: string, name: string, found: (entry: Entry) => Reply): Reply {
    if (!repository(user)) return failure('user not found', 404)
    const entry = entryOf(user, name)
    return entry ? found(entry) : failure('source not found', 404)
  }

  function linkTo(name: string, target: string): Reply {
    if (entryOf(USER, name)?.type === 'regular') return failure('link destination is already a file', 401)
    repository(USER)?.set(flist(name), { type: 'symlink', target })
    return success()
  }

  function upload(body: string, headers: IncomingMessage['headers'], ending: string): Reply {
    const [, fileName = '', content = ''] = /filename="([^"]*)".*?\r\n\r\n(.*)\r\n--/s.exec(body) ?? []
    if (!fileName.endsWith(ending)) return failure('this file is not allowed', 500)
    const name = flist(String(headers['x-original-name']))
    const isArchive = ending === '.tar.gz'
    store(USER, name, isArchive ? `${content} #${made++}` : content)
    const response = countersOf(content)
    const isBroken = isArchive && response.regular === undefined
    return success({ name, files: { success: !isBroken, error: null, response, status: isBroken ? 1 : 0 } })
  }

  const routes: readonly (readonly [string, Handler])[] = [
    ['GET me', () => success({ username: USER })],
    ['POST me/upload', (_, body, headers) => upload(body, headers, '.tar.gz')],
    ['POST me/upload-flist', (_, body, headers) => upload(body, headers, '.flist')],
    ['POST me/docker', (_, body) => docker(new URLSearchParams(body).get('image') ?? '')],
    ['POST me/merge/*', ([name = ''], body) => merge(name, JSON.parse(body))],
    ['DELETE me/*', ([name = '']) => remove(name)],
    ['GET me/promote/*/*/*', ([user = '', source = '', name = '']) => promote(user, source, name)],
    ['GET me/*/link/*', ([source = '', name = '']) => lookUp(USER, source, () => linkTo(name, source))],
    [
      'GET me/*/crosslink/*/*',
      ([name = '', user = '', source = '']) => lookUp(user, source, () => linkTo(name, `../${user}/${source}`)),
    ],
    ['GET me/*/crosstag/*/*', ([name = '', user = '', tag = '']) => crosstag(name, `${user}/tags/${tag}`)],
    ['GET me/*/rename/*', ([from = '', to = '']) => lookUp(USER, from, (entry) => rename(from, to, entry))],
    ['GET me/*/*/tag/*/*', ([tag = '', name = '', user = '', source = '']) => tagAs(tag, name, user, source)],
    ['DELETE me/*/*/tag/*/*', ([tag = '', name = '']) => untag(tag, name)],
    ['GET */tags/*', ([user, tag]) => listTag(`${user}/tags/${tag}`)],
    ['GET */*/light', ([user = '', name = '']) => lookUp(user, name, (entry) => light(user, name, entry))],
    ['GET */*/metadata', ([user = '', name = '']) => lookUp(user, name, () => json({ 'backend-forced': {} }))],
    ['GET */*/taglink', ([user = '', name = '']) => taglink(user, name)],
    ['GET */*', ([user = '', name = '']) => lookUp(user, name, () => contents(resolve(user, name)))],
    ['GET *', ([user = '']) => list(user)],
  ]

  function remove(name: string): Reply {
    const entries = repository(USER)
    if (entries?.delete(flist(name)) || entries?.delete(name)) return success()
    return failure('source not found', 404)
  }

  function rename(from: string, to: string, entry: Entry): Reply {
    repository(USER)?.delete(flist(from))
    repository(USER)?.set(flist(to), entry)
    return success()
  }

  function promote(user: string, source: string, name: string): Reply {
    return lookUp(user, source, () => {
      repository(USER)?.delete(flist(name))
      const bytes = resolve(user, source)
      if (bytes === undefined) return page(500, 'Internal Server Error')
      store(USER, name, bytes)
      return success({ source: { username: user }, destination: { username: USER } })
    })
  }

  function merge(name: string, sources: readonly string[]): Reply {
    const parts = sources.map((source) => source.split('/'))
    const missing = parts.findIndex(([user = '', file = '']) => !entryOf(user, file))
    if (missing >= 0) return failure(`${sources[missing]} does not exists`, 500)
    const merged = parts.map(([user = '', file = '']) => resolve(user, file) ?? '')
    if (merged.some((bytes) => countersOf(bytes).regular === undefined)) return json({ status: 'success' }, 500)
    store(USER, name, `${merged[0]} #${made++}`)
    return success()
  }

  function docker(image: string): Reply {
    if (image.startsWith('none')) return failure('could not pull this image', 500)
    const name = (image.includes(':') ? image : `${image}:latest`).replaceAll(/[:/]/g, '-')
    store(USER, name, `2 20 #${made++}`)
    return success({ name: countersOf('2 20') })
  }

  function crosstag(name: string, target: string): Reply {
    if (!tags.has(target)) return failure('source tag not found', 404)
    repository(USER)?.set(name, { type: 'taglink', target })
    return success()
  }

  function tagAs(tag: string, name: string, user: string, source: string): Reply {
    return lookUp(user, source, () => {
      const key = `${USER}/tags/${tag}`
      tags.set(key, (tags.get(key) ?? new Map()).set(flist(name), `${user}/${flist(source)}`))
      return success()
    })
  }

  function untag(tag: string, name: string): Reply {
    const key = `${USER}/tags/${tag}`
    const entries = tags.get(key)
    if (!entries?.delete(flist(name))) return failure('target not found on this tag', 404)
    if (entries.size === 0) tags.delete(key)
    return success()
  }

  function listTag(key: string): Reply {
    const entries = tags.get(key)
    if (!entries) return page(404, 'Not Found')
    return json([...entries].map(([name, target]) => ({ ...ROW, name, type: 'symlink', target })))
  }

  function taglink(user: string, name: string): Reply {
    const entry = repository(user)?.get(name)
    return entry?.type === 'taglink' ? json({ target: entry.target }) : failure('source not found', 404)
  }

  function light(user: string, name: string, entry: Entry): Reply {
    const bytes = resolve(user, name)
    const { type } = entry
    const target = 'target' in entry ? { target: entry.target } : {}
    const md5 = bytes === undefined ? null : md5Of(bytes)
    return json({ name: flist(name), size: bytes?.length ?? 0, updated: 1, type, md5, ...target })
  }

  function contents(bytes: string | undefined): Reply {
    const counters = bytes === undefined ? {} : countersOf(bytes)
    return json('regular' in counters ? { content: [{ path: '/a', size: 1 }], ...counters } : {})
  }

  function list(user: string): Reply {
    const entries = repository(user)
    if (!entries) return page(404, 'Not Found')
    return json([...entries].sort().map(([name, entry]) => ({ ...ROW, name, ...entry, bytes: undefined })))
  }

  function answer(method: string, path: string, body: string, headers: IncomingMessage['headers']): Reply {
    const plain = /^\/([^/]+)\/([^/]+\.flist)(\.md5)?$/.exec(path)
    if (plain) {
      const bytes = resolve(plain[1] ?? '', plain[2] ?? '')
      if (bytes === undefined) return page(404, 'Not Found')
      return { status: 200, text: plain[3] ? `${md5Of(bytes)}\n` : bytes }
    }
    const asked = `${method} ${path.replace('/api/flist/', '')}`
    for (const [route, handle] of routes) {
      const match = new RegExp(`^${route.replaceAll('*', '([^/]+)')}$`).exec(asked)
      if (match) return handle(match.slice(1), body, headers)
    }
    return page(404, 'Not Found')
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.setEncoding('latin1')
    let body = ''
    for await (const piece of request) body += piece
    const { method = '', url = '', headers } = request
    const isChange = method !== 'GET' || /^\/api\/flist\/me\//.test(url)
    const fault = isChange ? faults.shift() : undefined
    if (fault === 'lost-before') return void response.destroy()
    if (fault === 'later') return void response.writeHead(503, { 'Retry-After': '0' }).end('<title>Later</title>')
    if (fault === 'bad-gateway-before') return void response.writeHead(502).end('<title>Bad Gateway</title>')
    if (isChange) effects.push(`${method} ${url}`)
    const { status, text } = answer(method, decodeURIComponent(url), body, headers)
    if (fault === 'lost-after') return void response.destroy()
    if (fault === 'bad-gateway-after') return void response.writeHead(502).end('<title>Bad Gateway</title>')
    response.writeHead(status, { Connection: 'close' }).end(text, 'latin1')
  }

  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, repositories, tags, faults, effects, store, resolve }
}

export type ModelHub = Awaited<ReturnType<typeof startModelHub>>

const ROW = { updated: 1, size: '0.01 KB' }

/** `2 20` are two files of 20 bytes together. */
function countersOf(bytes: string): { readonly regular?: number } {
  const [, regular, fullsize] = /^(\d+) (\d+)/.exec(bytes) ?? []
  if (regular === undefined) return {}
  const rest = { symlink: 0, directory: 1, special: 0, failure: 0 }
  return { regular: Number(regular), fullsize: Number(fullsize), ...rest } as { readonly regular: number }
}
