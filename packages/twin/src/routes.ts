import { type Answer, htmlError } from './answers.ts'
import { authorize } from './authorization.ts'
import { account, contents, deletion, download, downloadMd5, information, linking, listing } from './calls.ts'
import { faultyChanges, stepwiseChanges } from './changes.ts'
import { unreachableChunks } from './chunk-folder.ts'
import { effectOf, type FaultEffect, type FaultLookup } from './faults.ts'
import { faultyCall } from './faulty-call.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest, Respond } from './hub-server.ts'
import { uploadFlist } from './upload.ts'

/** Answers a call; `captured` is what the stars of the route's path took. */
type Handler = (context: HubContext, request: HubRequest, ...captured: string[]) => Promise<Answer>

/**
 * Where a call is and what it answers to. A `*` takes one path component, or what of it precedes a literal ending. The name
 * is what faults and records know a call by.
 */
type Route = {
  readonly name: string
  readonly path: string
  readonly methods: readonly string[]
  readonly handle: Handler
  readonly writes?: true
}

/** The calls of the hub. As in the hub, the first that fits both path and method answers. */
const ROUTES: readonly Route[] = [
  { name: 'account', path: 'api/flist/me', methods: ['GET'], handle: owned(account) },
  {
    name: 'upload-flist',
    path: 'api/flist/me/upload-flist',
    methods: ['POST'],
    handle: owned(uploadFlist),
    writes: true,
  },
  { name: 'my-contents', path: 'api/flist/me/*', methods: ['GET'], handle: owned(contents) },
  { name: 'delete', path: 'api/flist/me/*', methods: ['DELETE'], handle: owned(deletion), writes: true },
  { name: 'link', path: 'api/flist/me/*/link/*', methods: ['GET'], handle: owned(linking), writes: true },
  { name: 'list', path: 'api/flist/*', methods: ['GET'], handle: listing },
  { name: 'contents', path: 'api/flist/*/*', methods: ['GET'], handle: contents },
  { name: 'info', path: 'api/flist/*/*', methods: ['INFO'], handle: information },
  { name: 'light', path: 'api/flist/*/*/light', methods: ['GET'], handle: information },
  { name: 'download', path: '*/*.flist', methods: ['GET'], handle: download },
  { name: 'md5', path: '*/*.flist.md5', methods: ['GET'], handle: downloadMd5 },
]

const COMPILED = ROUTES.map((route) => ({
  ...route,
  methods: route.methods.includes('GET') ? [...route.methods, 'HEAD'] : route.methods,
  pattern: new RegExp(`^${route.path.replaceAll('.', '\\.').replaceAll('*', '([^/]+)')}$`),
}))

/** Every call of the hub by its name, and whether it changes something. */
export const hubCalls: readonly { readonly name: string; readonly writes: boolean }[] = ROUTES.map(
  ({ name, writes }) => ({ name, writes: writes ?? false }),
)

/** What a router is made of; it gives each call the changes that it may make. */
export type RouterOptions = Omit<HubContext, 'changes'> & { readonly faults: FaultLookup }

/** Makes the function that answers every HTTP call of a twin. */
export function createRouter(options: RouterOptions): Respond {
  return async (request) => {
    const path = readPath(request.target)
    const allowed = new Set<string>()
    for (const { name, pattern, methods, handle } of COMPILED) {
      const match = pattern.exec(path)
      if (!match) continue
      if (methods.includes(request.method)) {
        const effects = options.faults(name, `${request.method} /${path}`)
        const context = callContext(options, effects)
        return faultyCall(effects, request.body, () => handle(context, request, ...match.slice(1)))
      }
      for (const method of methods) allowed.add(method)
    }
    if (allowed.size === 0) return htmlError(404)
    const headers = { Allow: [...allowed, 'OPTIONS'].join(', ') }
    return request.method === 'OPTIONS' ? { status: 200, headers, body: '' } : htmlError(405, headers)
  }
}

/** What one call works on: with the faults that a test wants. */
function callContext(options: RouterOptions, effects: readonly FaultEffect[]): HubContext {
  const changes = faultyChanges(stepwiseChanges(options.storage, effects), effects)
  const chunks = effectOf(effects, 'backend-down') ? unreachableChunks : options.chunks
  return { ...options, changes, chunks }
}

/** A call under `me`: refused without a token, and acting on the repository that the token writes to. */
function owned(
  handle: (context: HubContext, request: HubRequest, user: string, ...captured: string[]) => Promise<Answer>,
): Handler {
  return async (context, request, ...captured) => {
    const authorization = authorize(request.headers, context.rules)
    if ('refused' in authorization) return authorization.refused
    return handle(context, request, authorization.user, ...captured)
  }
}

/**
 * The path without its empty components (slashes at the end and double ones do not matter to the hub). It is decoded
 * before it is matched, so that a name can not hold a slash, not even as `%2F`.
 */
function readPath(target: string): string {
  const [encoded = ''] = target.split(/[?#]/)
  const bytes = encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString().split('/').filter(Boolean).join('/')
}
