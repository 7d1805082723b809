import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openChunkStore } from '@tf-images/flist'
import { onTestFinished } from 'vitest'
import { makeImage } from '../../registry/test/image-fixture.ts'
import { blobsOf, makeLayout, writeLayout } from '../../registry/test/layout-fixture.ts'
import { type Conversion, type ConvertOptions, convertSource } from '../src/convert.ts'
import { openSource } from '../src/source.ts'

/** A folder that goes when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flist-pipeline-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Writes an archive of these members as a root tar. */
export async function writeTar(folder: string, members: readonly Buffer[]): Promise<string> {
  const path = join(folder, 'root.tar')
  await writeFile(path, Buffer.concat([...members, Buffer.alloc(1024)]))
  return path
}

/** Writes an image with one layer of these members as an OCI layout. The members must be ASCII. */
export async function writeImage(folder: string, members: readonly Buffer[], config: object): Promise<string> {
  const path = join(folder, 'layout')
  const layer = Buffer.concat([...members, Buffer.alloc(1024)]).toString('latin1')
  const image = makeImage({ layers: [layer], config: { config } })
  await writeLayout(path, makeLayout([{ manifest: image.manifest }], blobsOf(image)))
  return path
}

/** Converts a path to `out.flist` in the folder, with the chunks in `chunks`. */
export async function convertPath(folder: string, path: string, options: ConvertOptions = {}): Promise<Conversion> {
  const store = await openChunkStore(join(folder, 'chunks'))
  const source = await openSource(path, { platform: 'linux/amd64' })
  try {
    return await convertSource(source, join(folder, 'out.flist'), store, options)
  } finally {
    await Promise.all([source.close(), store.close()])
  }
}
