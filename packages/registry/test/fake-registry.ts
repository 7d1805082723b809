import type { IncomingMessage, ServerResponse } from 'node:http'
import { digestOf } from '../src/digest.ts'
import type { Content, ImageFixture } from './image-fixture.ts'
import { bodyOf, type LocalServer, sendJson, startServer } from './local-server.ts'

/** A working registry in memory that a test can make lie. */
export type FakeRegistry = LocalServer & {
  /** By `repository:tag` and `repository@digest` */
  readonly manifests: Map<string, Pick<Content, 'bytes' | 'mediaType'>>
  readonly blobs: Map<string, Buffer>
  /** Puts a manifest or index under its digest, and a tag. */
  putManifest(repository: string, manifest: Content, tag?: string): void
  putImage(repository: string, image: ImageFixture, tag?: string): void
}

/** Looks at each request first; returns `true` when it has answered. */
export type Interceptor = (request: IncomingMessage, response: ServerResponse) => boolean

const MANIFEST_PATH = /^\/v2\/(.+)\/manifests\/([^/]+)$/
const UPLOAD_PATH = /^\/v2\/(.+)\/blobs\/uploads\/(?:1\?digest=(.+))?$/
const BLOB_PATH = /^\/v2\/(.+)\/blobs\/([^/]+)$/

export async function startRegistry(intercept: Interceptor = () => false, address?: string): Promise<FakeRegistry> {
  const manifests: FakeRegistry['manifests'] = new Map()
  const blobs: FakeRegistry['blobs'] = new Map()

  const serveManifest = async (
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    name: string,
  ) => {
    const key = `${repository}${name.includes(':') ? '@' : ':'}${name}`
    if (request.method === 'PUT') {
      const bytes = await bodyOf(request)
      const stored = { bytes, mediaType: request.headers['content-type'] ?? '' }
      manifests.set(key, stored).set(`${repository}@${digestOf(bytes)}`, stored)
      response.writeHead(201, { 'docker-content-digest': digestOf(bytes) }).end()
      return
    }
    const found = manifests.get(key)
    if (found === undefined) {
      sendJson(response, 404, { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] })
      return
    }
    response.writeHead(200, {
      'content-type': found.mediaType,
      'content-length': found.bytes.length,
      'docker-content-digest': digestOf(found.bytes),
    })
    response.end(request.method === 'HEAD' ? undefined : found.bytes)
  }

  const takeUpload = async (
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    digest?: string,
  ) => {
    const bytes = await bodyOf(request)
    if (digest === undefined) {
      response.writeHead(202, { location: `/v2/${repository}/blobs/uploads/1` }).end()
      return
    }
    const isWhole = digestOf(bytes) === decodeURIComponent(digest)
    if (isWhole) blobs.set(digestOf(bytes), bytes)
    response.writeHead(isWhole ? 201 : 400).end()
  }

  const server = await startServer((request, response) => {
    if (intercept(request, response)) return
    const manifest = MANIFEST_PATH.exec(request.url ?? '')
    if (manifest !== null) {
      void serveManifest(request, response, manifest[1] ?? '', manifest[2] ?? '')
      return
    }
    const upload = UPLOAD_PATH.exec(request.url ?? '')
    if (upload !== null) {
      void takeUpload(request, response, upload[1] ?? '', upload[2])
      return
    }
    const blob = blobs.get(BLOB_PATH.exec(request.url ?? '')?.[2] ?? '')
    if (blob === undefined) sendJson(response, 404, { errors: [{ code: 'BLOB_UNKNOWN', message: 'blob unknown' }] })
    else response.writeHead(200, { 'content-length': blob.length }).end(blob)
  }, address)

  const putManifest = (repository: string, manifest: Content, tag?: string): void => {
    manifests.set(`${repository}@${manifest.digest}`, manifest)
    if (tag !== undefined) manifests.set(`${repository}:${tag}`, manifest)
  }
  return {
    ...server,
    manifests,
    blobs,
    putManifest,
    putImage(repository, image, tag) {
      putManifest(repository, image.manifest, tag)
      for (const { digest, bytes } of [image.config, ...image.layers]) blobs.set(digest, bytes)
    },
  }
}
