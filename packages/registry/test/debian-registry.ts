import { startRegistry } from '../../../test/harness/registry.ts'
import type { Content, ImageFixture } from './image-fixture.ts'

/** The registry of the distribution project, as Debian packages it, running on a loopback port. */
export type DebianRegistry = {
  readonly host: string
  /** Pushes to it with plain HTTP requests, so that nothing under test is needed to fill it. */
  pushImage(repository: string, image: ImageFixture, tag: string): Promise<void>
  pushManifest(repository: string, manifest: Content, tag: string): Promise<void>
  close(): Promise<void>
}

export const USERNAME = 'e2e'
export const PASSWORD = 'e2e-password'
/** bcrypt of PASSWORD: `perl -e 'print crypt("e2e-password", q($2y$05$abcdefghijklmnopqrstuu))'` */
const HTPASSWD = `${USERNAME}:$2y$05$abcdefghijklmnopqrstuueadQeWls67mLlLjbH/TccCNge6gVKkG\n`
const AUTHORIZATION = `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}`

/** Starts `docker-registry` over an empty directory, with one account; fails when the program is not installed. */
export async function startDebianRegistry(): Promise<DebianRegistry> {
  const registry = await startRegistry({ account: HTPASSWD })
  const { host } = registry
  const url = `http://${host}`

  const call = async (
    method: string,
    target: string,
    body?: Buffer,
    type = 'application/octet-stream',
  ): Promise<Response> => {
    const headers = { authorization: AUTHORIZATION, 'content-type': type }
    const response = await fetch(target, { method, headers, ...(body && { body: new Uint8Array(body) }) })
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${await response.text()}`)
    return response
  }
  const pushManifest = async (repository: string, manifest: Content, tag: string): Promise<void> => {
    await call('PUT', `${url}/v2/${repository}/manifests/${tag}`, manifest.bytes, manifest.mediaType)
  }
  return {
    host,
    pushManifest,
    async pushImage(repository, image, tag) {
      for (const { digest, bytes } of [image.config, ...image.layers]) {
        const upload = await call('POST', `${url}/v2/${repository}/blobs/uploads/`)
        const target = new URL(upload.headers.get('location') ?? '', url)
        target.searchParams.set('digest', digest)
        await call('PUT', target.href, bytes)
      }
      await pushManifest(repository, image.manifest, tag)
    },
    close: async () => registry[Symbol.asyncDispose](),
  }
}
