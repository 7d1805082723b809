import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** What jobs of one run pass on, kept in memory, as the service of GitHub does it for `@actions/artifact`. */
export type ArtifactService = AsyncDisposable & {
  /** The variables that a runner sets for it. */
  readonly env: Readonly<Record<string, string>>
  /** Names of what is kept. */
  readonly names: () => string[]
}

type Artifact = { readonly id: number; readonly blocks: Map<string, Buffer>; content?: Buffer; digest?: string }
type Message = {
  readonly name?: string
  readonly hash?: string
  readonly name_filter?: string
  readonly id_filter?: string
}

/**
 * The service of GitHub's results API (Twirp as JSON) with the two calls of Azure's block blobs that uploads make. The server
 * of act itself refuses what `@actions/artifact` 6 sends. Everything else that is asked for gets what GitHub answers a token
 * that may not: 403.
 */
export async function startArtifactService(): Promise<ArtifactService> {
  const artifacts = new Map<string, Artifact>()
  let count = 0
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => send(response, 500, { msg: error.message }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('no port for artifacts')
  const url = `http://127.0.0.1:${address.port}`
  return {
    env: {
      ACTIONS_RESULTS_URL: `${url}/`,
      ACTIONS_RUNTIME_TOKEN: token(),
      // GitHub's other API is not here; a run that needs it is told so.
      GITHUB_API_URL: `${url}/api`,
    },
    names: () => [...artifacts.keys()].sort(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<ServerResponse> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    const body = await buffer(request)
    const method = /^\/twirp\/github\.actions\.results\.api\.v1\.ArtifactService\/(\w+)$/.exec(pathname)?.[1]
    if (method) return call(method, JSON.parse(body.toString()), response)
    const artifact = artifacts.get(decodeURIComponent(/^\/blobs\/([^/]+)$/.exec(pathname)?.[1] ?? ''))
    if (!artifact) return send(response, 403, { message: 'Resource not accessible by integration' })
    if (request.method === 'GET') {
      return response.writeHead(200, { 'content-type': 'application/zip' }).end(artifact.content)
    }
    store(artifact, searchParams, body)
    return response
      .writeHead(201, { etag: '"1"', 'last-modified': new Date().toUTCString(), 'x-ms-version': '2024-11-04' })
      .end()
  }

  function store(artifact: Artifact, query: URLSearchParams, body: Buffer): void {
    if (query.get('comp') === 'block') artifact.blocks.set(query.get('blockid') ?? '', body)
    else if (query.get('comp') === 'blocklist') {
      const ids = [...body.toString().matchAll(/<Latest>(.*?)<\/Latest>/g)].map(([, id = '']) => id)
      artifact.content = Buffer.concat(ids.map((id) => artifact.blocks.get(id) ?? Buffer.alloc(0)))
      artifact.blocks.clear()
    } else artifact.content = body
  }

  function call(method: string, message: Message, response: ServerResponse): ServerResponse {
    const { name = '' } = message
    const kept = artifacts.get(name)
    if (method === 'CreateArtifact') {
      if (kept) return send(response, 409, { code: 'already_exists', msg: `an artifact with this name already exists` })
      count += 1
      artifacts.set(name, { id: count, blocks: new Map() })
      return send(response, 200, { ok: true, signed_upload_url: blobUrl(name) })
    }
    if (method === 'ListArtifacts') return send(response, 200, { artifacts: listed(message) })
    if (!kept) return send(response, 404, { code: 'not_found', msg: `no artifact "${name}"` })
    if (method === 'GetSignedArtifactURL') return send(response, 200, { signed_url: blobUrl(name) })
    if (method === 'DeleteArtifact') artifacts.delete(name)
    else if (message.hash) kept.digest = message.hash
    return send(response, 200, { ok: true, artifact_id: String(kept.id) })
  }

  function listed({ name_filter: name, id_filter: id }: Message) {
    return [...artifacts]
      .filter(([key, artifact]) => (!name || key === name) && (!id || String(artifact.id) === id))
      .map(([key, { id: databaseId, content, digest }]) => ({
        workflow_run_backend_id: 'run',
        workflow_job_run_backend_id: 'job',
        database_id: String(databaseId),
        name: key,
        size: String(content?.length ?? 0),
        ...(digest ? { digest } : {}),
      }))
  }

  function blobUrl(name: string): string {
    return `${url}/blobs/${encodeURIComponent(name)}?sig=none`
  }
}

/** What the client reads of the token: which run and job it is. */
function token(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ scp: 'Actions.Results:run:job' })}.none`
}

function send(response: ServerResponse, status: number, body: object): ServerResponse {
  return response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
