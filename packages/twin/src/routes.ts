import { type Answer, htmlError } from './answers.ts'
import { authorize } from './authorization.ts'
import { account, contents, deletion, download, downloadMd5, information, linking, listing } from './calls.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest, Respond } from './hub-server.ts'
import { uploadFlist } from './upload.ts'

/** Answers a call; `captured` is what the stars of the route's path took. */
type Handler = (context: HubContext, request: HubRequest, ...captured: string[]) => Promise<Answer>

/** Where a call is and what it answers to. A `*` takes one path component, or what of it precedes a literal ending. */
type Route = { readonly path: string; readonly methods: readonly string[]; readonly handle: Handler }

/** The calls of the hub that publishing needs. As in the hub, the first that fits both path and method answers. */
const ROUTES: readonly Route[] = [
  { path: 'api/flist/me', methods: ['GET'], handle: owned(account) },
  { path: 'api/flist/me/upload-flist', methods: ['POST'], handle: owned(uploadFlist) },
  { path: 'api/flist/me/*', methods: ['GET'], handle: owned(contents) },
  { path: 'api/flist/me/*', methods: ['DELETE'], handle: owned(deletion) },
  { path: 'api/flist/me/*/link/*', methods: ['GET'], handle: owned(linking) },
  { path: 'api/flist/*', methods: ['GET'], handle: listing },
  { path: 'api/flist/*/*', methods: ['GET'], handle: contents },
  { path: 'api/flist/*/*', methods: ['INFO'], handle: information },
  { path: 'api/flist/*/*/light', methods: ['GET'], handle: information },
  { path: '*/*.flist', methods: ['GET'], handle: download },
  { path: '*/*.flist.md5', methods: ['GET'], handle: downloadMd5 },
]

const COMPILED = ROUTES.map((route) => ({
  ...route,
  methods: route.methods.includes('GET') ? [...route.methods, 'HEAD'] : route.methods,
  pattern: new RegExp(`^${route.path.replaceAll('.', '\\.').replaceAll('*', '([^/]+)')}$`),
}))

/** Makes the function that answers every HTTP call of a twin. */
export function createRouter(context: HubContext): Respond {
  return async (request) => {
    const path = readPath(request.target)
    const allowed = new Set<string>()
    for (const { pattern, methods, handle } of COMPILED) {
      const match = pattern.exec(path)
      if (!match) continue
      if (methods.includes(request.method)) return handle(context, request, ...match.slice(1))
      for (const method of methods) allowed.add(method)
    }
    if (allowed.size === 0) return htmlError(404)
    const headers = { Allow: [...allowed, 'OPTIONS'].join(', ') }
    return request.method === 'OPTIONS' ? { status: 200, headers, body: '' } : htmlError(405, headers)
  }
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
