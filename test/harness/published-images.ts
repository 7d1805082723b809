import { createHash } from 'node:crypto'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { INPUTS_LABEL } from '../../packages/pipeline/src/build-id.ts'
import { imageNames } from '../../packages/pipeline/src/image-names.ts'
import { buildIdOf, inputsLabel, inputsOf } from '../../packages/pipeline/src/planning/build-inputs.ts'
import { loadRecipes, renderImage, withParents } from '../../packages/recipe/src/index.ts'

/** Where images and flists are put as if they had been brought up: without an engine, and without content. */
export type PublishingPlaces = {
  /** `127.0.0.1:5000` */
  readonly registryHost: string
  /** Registry and path in front of the images. */
  readonly registry: string
  /** Folder of the account on the disk of the hub; nothing is published where there is none. */
  readonly repository?: string
  /** Manifest digest of the base of the recipes. */
  readonly baseDigest: string
}

const PLATFORM = 'linux/amd64'
const AT_ONCE = 8

const digestOf = (bytes: string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Publishes images of recipes as they are now, parents first; `wanted` leaves some out, and all on top of them. */
export async function publishImages(
  root: string,
  places: PublishingPlaces,
  wanted: (name: string) => boolean = () => true,
): Promise<void> {
  const recipes = await loadRecipes(root)
  const digests = new Map<string, string>()
  const ready = withParents(recipes, []).map((name) => renderImage(recipes, name))
  for (let left = ready; left.length > 0; ) {
    const known = ({ base }: (typeof ready)[number]) => base.kind === 'base' || digests.has(base.name)
    const level = left.filter((image) => wanted(image.name) && known(image))
    if (level.length === 0) return
    for (let at = 0; at < level.length; at += AT_ONCE) {
      await Promise.all(
        level.slice(at, at + AT_ONCE).map(async (image) => {
          const digest = image.base.kind === 'base' ? places.baseDigest : (digests.get(image.base.name) ?? '')
          const base = { name: image.base.name, digest }
          const inputs = inputsOf(image, { base, platform: PLATFORM, buildArguments: {} })
          const names = imageNames(image.name, buildIdOf(inputs), places.registry, image.version)
          const said = { [INPUTS_LABEL]: inputsLabel(inputs) }
          const references = [names.reference, names.latest]
          digests.set(image.name, await pushImage(places.registryHost, references, { labels: said, annotations: said }))
          if (places.repository) await publish(places.repository, names.flist, names.link)
        }),
      )
    }
    left = left.filter(({ name }) => !digests.has(name) && wanted(name))
  }
}

/** What an image says of itself, in its config and in its manifest. */
export type ImageTexts = {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** Pushes an image without layers under some references; answers its digest. */
export async function pushImage(
  host: string,
  references: readonly string[],
  { labels = {}, annotations }: ImageTexts = {},
): Promise<string> {
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: labels },
    rootfs: { type: 'layers', diff_ids: [] },
  })
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digestOf(config),
      size: Buffer.byteLength(config),
    },
    layers: [],
    ...(annotations && { annotations }),
  })
  const [first = ''] = references
  const repository = first.slice(host.length + 1, first.lastIndexOf(':'))
  const started = await expectStatus(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST' }, 202)
  const place = new URL(started.headers.get('location') ?? '', `http://${host}`)
  place.searchParams.set('digest', digestOf(config))
  await expectStatus(place.href, { method: 'PUT', body: config }, 201)
  for (const reference of references) {
    const tag = reference.slice(reference.lastIndexOf(':') + 1)
    const request = { method: 'PUT', body: manifest, headers: { 'content-type': mediaType } }
    await expectStatus(`http://${host}/v2/${repository}/manifests/${tag}`, request, 201)
  }
  return digestOf(manifest)
}

async function expectStatus(url: string, request: RequestInit, status: number): Promise<Response> {
  const answer = await fetch(url, request)
  const text = await answer.text()
  if (answer.status !== status) throw new Error(`${request.method} ${url}: ${answer.status} ${text}`)
  return answer
}

async function publish(repository: string, flist: string, link: string): Promise<void> {
  await mkdir(repository, { recursive: true })
  await writeFile(join(repository, flist), 'a flist')
  await rm(join(repository, link), { force: true })
  await symlink(flist, join(repository, link))
}
