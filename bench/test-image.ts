import { spawn } from 'node:child_process'
import { createHash, type Hash, randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { lstat, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

/** An OCI image layout: `latest` has one gzip layer, `changed` that one and a small one on top. */
export type TestImage = {
  readonly layout: string
  /** The blob of the layer of `latest`. */
  readonly layer: string
  readonly files: number
  /** Of the files' contents, of the layer's tar, and of its blob. */
  readonly contentBytes: number
  readonly tarBytes: number
  readonly layerBytes: number
}

type Sample = { readonly paths: readonly string[]; readonly files: number; readonly bytes: number }

/** What the image is made of: a real distribution, as every Linux has one. */
const SOURCE = '/usr'
/** Files over this size would make the sample depend on one of them. */
const LARGEST_FILE = 64e6

/** Makes an image in `folder` of a sample of this machine's files with about `bytes` bytes, or all it has. */
export async function makeTestImage(folder: string, bytes: number): Promise<TestImage> {
  const sample = await sampleFiles(SOURCE, bytes)
  const blobs = join(folder, 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true })
  const layer = await writeLayer('/', sample.paths, blobs)
  const top = await writeTopLayer(join(folder, 'top'), blobs)
  const manifests = [await writeImage(blobs, 'latest', [layer]), await writeImage(blobs, 'changed', [layer, top])]
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  return {
    layout: folder,
    layer: join(blobs, layer.digest.slice('sha256:'.length)),
    files: sample.files,
    contentBytes: sample.bytes,
    tarBytes: layer.tarBytes,
    layerBytes: layer.size,
  }
}

/** Writes the config and the manifest of an image of these layers; gives its entry of `index.json`. */
async function writeImage(blobs: string, name: string, layers: readonly Layer[]): Promise<object> {
  const platform = { os: 'linux', architecture: 'amd64' }
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) }
  const config = await writeJson(blobs, { ...platform, config: {}, rootfs })
  const mediaTypes = 'application/vnd.oci.image'
  const manifest = await writeJson(blobs, {
    schemaVersion: 2,
    mediaType: `${mediaTypes}.manifest.v1+json`,
    config: { mediaType: `${mediaTypes}.config.v1+json`, ...config },
    layers: layers.map(({ digest, size }) => ({ mediaType: `${mediaTypes}.layer.v1.tar+gzip`, digest, size })),
  })
  const annotations = { 'org.opencontainers.image.ref.name': name }
  return { mediaType: `${mediaTypes}.manifest.v1+json`, ...manifest, platform, annotations }
}

/** What a rebuild changes: 1 MB in 64 files that nothing has seen. */
async function writeTopLayer(folder: string, blobs: string): Promise<Layer> {
  await mkdir(join(folder, 'srv'), { recursive: true })
  const paths = Array.from({ length: 64 }, (_, i) => join('srv', `file-${i}`))
  for (const path of paths) await writeFile(join(folder, path), randomBytes(16_384))
  return writeLayer(folder, paths, blobs)
}

type Found = { readonly path: string; readonly size: number | undefined }

/** Files and links in the order of their hashed paths, as many as have `bytes` bytes. */
async function sampleFiles(root: string, bytes: number): Promise<Sample> {
  const found: Found[] = []
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const child = join(path, entry.name)
      if (entry.isDirectory()) await visit(child)
      else if (entry.isSymbolicLink()) found.push({ path: child, size: undefined })
      else if (entry.isFile()) found.push({ path: child, size: (await lstat(child)).size })
    }
  }
  await visit(root)
  const chosen = takeBytes(found.filter(({ size = 0 }) => size <= LARGEST_FILE).sort(byHash()), bytes)
  chosen.sort((a, b) => (a.path < b.path ? -1 : 1))
  const files = chosen.filter(({ size }) => size !== undefined)
  return {
    paths: chosen.map(({ path }) => path.slice(1)),
    files: files.length,
    bytes: files.reduce((sum, { size = 0 }) => sum + size, 0),
  }
}

function byHash(): (a: Found, b: Found) => number {
  const hashes = new Map<string, string>()
  const hashOf = ({ path }: Found) => {
    const hash = hashes.get(path) ?? createHash('md5').update(path).digest('hex')
    hashes.set(path, hash)
    return hash
  }
  return (a, b) => (hashOf(a) < hashOf(b) ? -1 : 1)
}

/** The first ones, without those that would be too much, until there are `bytes` bytes, or up to a hundredth less. */
function takeBytes(found: readonly Found[], bytes: number): Found[] {
  const taken: Found[] = []
  let rest = bytes
  for (const file of found) {
    const { size = 0 } = file
    if (size > rest) continue
    taken.push(file)
    rest -= size
    if (rest < bytes / 100) break
  }
  return taken
}

type Layer = { readonly diffId: string; readonly digest: string; readonly size: number; readonly tarBytes: number }

async function writeLayer(root: string, paths: readonly string[], blobs: string): Promise<Layer> {
  const tar = spawn('tar', ['-c', '-C', root, '--numeric-owner', '--no-recursion', '--null', '-T', '-'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  tar.stdin.end(paths.map((path) => `${path}\0`).join(''))
  const [plain, packed] = [createHash('sha256'), createHash('sha256')]
  let tarBytes = 0
  const file = join(blobs, 'layer')
  const count = (bytes: Buffer) => {
    tarBytes += bytes.length
  }
  // Level 6 is what engines compress layers with.
  await pipeline(tar.stdout as Readable, tapped(plain, count), createGzip(), tapped(packed), createWriteStream(file))
  const hex = packed.digest('hex')
  await rename(file, join(blobs, hex))
  const { size } = await stat(join(blobs, hex))
  return { diffId: `sha256:${plain.digest('hex')}`, digest: `sha256:${hex}`, size, tarBytes }
}

/** Passes a stream on and hashes it. */
function tapped(hash: Hash, see: (bytes: Buffer) => void = () => {}) {
  return async function* (source: AsyncIterable<Buffer>) {
    for await (const bytes of source) {
      hash.update(bytes)
      see(bytes)
      yield bytes
    }
  }
}

async function writeJson(blobs: string, value: object): Promise<{ digest: string; size: number }> {
  const text = JSON.stringify(value)
  const hex = createHash('sha256').update(text).digest('hex')
  await writeFile(join(blobs, hex), text)
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) }
}
