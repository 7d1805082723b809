import { createHash } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import { type Fixtures, tarOf } from './layer-builder.ts'

const SOCKET = process.env.DOCKER_HOST?.replace('unix://', '') ?? '/var/run/docker.sock'

async function call(method: string, path: string, body?: Buffer | object): Promise<IncomingMessage> {
  const payload = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
  const headers = { 'content-type': Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json' }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath: SOCKET, method, path, headers }, resolve).on('error', reject).end(payload)
  })
  if ((response.statusCode ?? 500) < 300) return response
  throw new Error(`${method} ${path}: ${await text(response)}`)
}

async function text(response: IncomingMessage): Promise<string> {
  let all = ''
  for await (const part of response.setEncoding('utf8')) all += part
  return all
}

/**
 * What the engine makes of some layers: loads them as an image, and exports a container of it as a tar. Image and
 * container are removed afterwards. Throws with the engine's words when it refuses the layers.
 */
export async function* exportedByDocker(name: string, layers: readonly Buffer[]): AsyncGenerator<Buffer> {
  const digests = layers.map((layer) => createHash('sha256').update(layer).digest('hex'))
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['/none'] },
    rootfs: { type: 'layers', diff_ids: digests.map((digest) => `sha256:${digest}`) },
  })
  const manifest = [
    { Config: 'config.json', RepoTags: [`${name}:test`], Layers: layers.map((_, index) => `${index}.tar`) },
  ]
  const files: Fixtures = [
    ...layers.map((layer, index) => [`${index}.tar`, { content: layer }] as const),
    ['config.json', { content: config }],
    ['manifest.json', { content: JSON.stringify(manifest) }],
  ]
  const answer = await text(await call('POST', '/images/load?quiet=1', await tarOf(files)))
  if (!answer.includes('Loaded image')) throw new Error(answer)
  try {
    const { Id } = JSON.parse(await text(await call('POST', '/containers/create', { Image: `${name}:test` })))
    try {
      yield* await call('GET', `/containers/${Id}/export`)
    } finally {
      await text(await call('DELETE', `/containers/${Id}?force=1`))
    }
  } finally {
    await text(await call('DELETE', `/images/${name}:test?force=1`))
  }
}
