import { type Answer, htmlError } from './answers.ts'
import { uploadArchive } from './archive-upload.ts'
import { authorize } from './authorization.ts'
import {
  account,
  contents,
  download,
  downloadJson,
  downloadMd5,
  downloadText,
  everyListing,
  everything,
  information,
  listing,
  metadata,
  repositories,
} from './calls.ts'
import { atomicChanges, faultyChanges, stepwiseChanges } from './changes.ts'
import { unreachableChunks } from './chunk-folder.ts'
import { dockerConversion } from './docker.ts'
import { effectOf, type FaultEffect, type FaultLookup } from './faults.ts'
import { faultyCall } from './faulty-call.ts'
import { withoutRoom } from './flist-maker.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest, Respond } from './hub-server.ts'
import { crossLinking, deletion, linking, promotion, renaming } from './link-calls.ts'
import { merging } from './merge.ts'
import { flistPage } from './pages/flist-page.ts'
import { homePage, repositoryPage, tagPage } from './pages/repository-pages.ts'
import { crossTagging, tagDownload, tagging, tagLink, tagListing, untagging } from './tag-calls.ts'
import { uploadFlist } from './upload.ts'

/** Answers a call; `captured` is what the stars of the route's path took. */
type Handler = (context: HubContext, request: HubRequest, ...captured: string[]) => Promise<Answer>

/** Answers a call of the user whose token it has. */
type OwnedHandler = (context: HubContext, request: HubRequest, user: string, ...captured: string[]) => Promise<Answer>

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
  get('account', 'api/flist/me', owned(account)),
  {
    name: 'upload-flist',
    path: 'api/flist/me/upload-flist',
    methods: ['POST'],
    handle: owned(uploadFlist),
    writes: true,
  },
  { name: 'upload', path: 'api/flist/me/upload', methods: ['POST'], handle: owned(uploadArchive), writes: true },
  { name: 'merge', path: 'api/flist/me/merge/*', methods: ['POST'], handle: owned(merging), writes: true },
  { name: 'docker', path: 'api/flist/me/docker', methods: ['POST'], handle: owned(dockerConversion), writes: true },
  get('my-contents', 'api/flist/me/*', owned(contents)),
  { name: 'delete', path: 'api/flist/me/*', methods: ['DELETE'], handle: owned(deletion), writes: true },
  change('link', 'api/flist/me/*/link/*', linking),
  change('rename', 'api/flist/me/*/rename/*', renaming),
  change('promote', 'api/flist/me/promote/*/*/*', promotion),
  change('crosslink', 'api/flist/me/*/crosslink/*/*', crossLinking),
  change('crosstag', 'api/flist/me/*/crosstag/*/*', crossTagging),
  change('tag', 'api/flist/me/*/*/tag/*/*', tagging),
  { name: 'untag', path: 'api/flist/me/*/*/tag/*/*', methods: ['DELETE'], handle: owned(untagging), writes: true },
  get('repositories', 'api/repositories', repositories),
  get('everything', 'api/flist', everything),
  get('every-listing', 'api/fileslist', everyListing),
  get('list', 'api/flist/*', listing),
  get('tag-list', 'api/flist/*/tags/*', tagListing),
  get('contents', 'api/flist/*/*', contents),
  { name: 'info', path: 'api/flist/*/*', methods: ['INFO'], handle: information },
  get('light', 'api/flist/*/*/light', information),
  get('taglink', 'api/flist/*/*/taglink', tagLink),
  get('metadata', 'api/flist/*/*/metadata', metadata),
  get('home', '', homePage),
  get('tag-page', '*/tags/*', tagPage),
  get('flist-page', '*/*.md', flistPage),
  get('tag-download', '*/tags/*/*.flist', tagDownload),
  get('download', '*/*.flist', download),
  get('md5', '*/*.flist.md5', downloadMd5),
  get('text', '*/*.txt', downloadText),
  get('json', '*/*.json', downloadJson),
  get('repository-page', '*', repositoryPage),
]

function get(name: string, path: string, handle: Handler): Route {
  return { name, path, methods: ['GET'], handle }
}

/** Most of what changes something is a plain GET, too. */
function change(name: string, path: string, handle: OwnedHandler): Route {
  return { name, path, methods: ['GET'], handle: owned(handle), writes: true }
}

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
  const { storage, strict } = options
  const changes = faultyChanges(strict ? atomicChanges(storage) : stepwiseChanges(storage, effects), effects)
  const chunks = effectOf(effects, 'backend-down') ? unreachableChunks : options.chunks
  const { flistMaker } = options
  const maker = flistMaker && effectOf(effects, 'backend-full') ? withoutRoom(flistMaker) : flistMaker
  return { ...options, changes, chunks, flistMaker: maker }
}

/** A call under `me`: refused without a token, and acting on the repository that the token writes to. */
function owned(handle: OwnedHandler): Handler {
  return async (context, request, ...captured) => {
    const authorization = authorize(request.headers, context.rules)
    if ('refused' in authorization) return authorization.refused
    const answer = await handle(context, request, authorization.user, ...captured)
    return { ...answer, headers: { ...authorization.headers, ...answer.headers } }
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
