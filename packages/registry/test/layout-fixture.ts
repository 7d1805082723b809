import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Content, ImageFixture } from './image-fixture.ts'

/** An entry of `index.json`: a manifest or index and what is noted beside its descriptor. */
export type LayoutEntry = { readonly manifest: Content; readonly annotations?: object; readonly platform?: object }

/** Files of an image layout by name, as bytes. */
export type LayoutContents = Map<string, Buffer>

/** The files of a layout with these entries in `index.json` and these blobs. */
export function makeLayout(entries: readonly LayoutEntry[], blobs: readonly Content[]): LayoutContents {
  const manifests = entries.map(({ manifest: { mediaType, digest, size }, ...beside }) => ({
    mediaType,
    digest,
    size,
    ...beside,
  }))
  const files: LayoutContents = new Map([
    ['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')],
    ['index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }))],
  ])
  for (const { digest, bytes } of blobs) files.set(blobName(digest), bytes)
  return files
}

export function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}

/** Everything of an image that is a blob in a layout. */
export function blobsOf({ manifest, config, layers }: ImageFixture): Content[] {
  return [manifest, config, ...layers]
}

export async function writeLayout(directory: string, files: LayoutContents): Promise<void> {
  for (const [name, bytes] of files) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), bytes)
  }
}
