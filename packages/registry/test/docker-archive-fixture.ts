import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Content, content, json } from './image-fixture.ts'

/** An image as `docker save` has it: a config, and layers whose diff ids it has. */
export type SavedImage = {
  readonly config: Content
  readonly layers: readonly Content[]
  readonly tags: readonly string[] | null
}

export function savedImage(
  tags: readonly string[] | null,
  layers: readonly string[] = ['first', 'second'],
  config: object = {},
): SavedImage {
  const contents = layers.map((text) => content(text, 'application/vnd.oci.image.layer.v1.tar'))
  const document = {
    os: 'linux',
    architecture: 'amd64',
    config: { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: contents.map(({ digest }) => digest) },
    ...config,
  }
  return { config: json(document, 'application/vnd.oci.image.config.v1+json'), layers: contents, tags }
}

export const hexOf = ({ digest }: Content): string => digest.replace('sha256:', '')

/** Files of an archive: bytes, or the target of a symbolic link. */
export type ArchiveFiles = Record<string, Buffer | string | { readonly link: string }>

/** The files an engine before 25 writes: a folder per layer of each image, equal layers of a later one as links. */
export function archiveFiles(images: readonly SavedImage[]): ArchiveFiles {
  const files: ArchiveFiles = {}
  const first = new Map<string, string>()
  const manifest = images.map(({ config, layers, tags }, image) => {
    files[`${hexOf(config)}.json`] = config.bytes
    const names = layers.map((layer, n) => {
      const name = `${image}${n}/layer.tar`
      const same = first.get(layer.digest)
      files[name] = same === undefined ? layer.bytes : { link: `../${same}` }
      if (same === undefined) first.set(layer.digest, name)
      files[`${image}${n}/VERSION`] = '1.0'
      return name
    })
    return { Config: `${hexOf(config)}.json`, RepoTags: tags, Layers: names }
  })
  return { ...files, 'manifest.json': JSON.stringify(manifest) }
}

/** Writes the files and packs them to a tar beside them. */
export async function packArchive(folder: string, files: ArchiveFiles): Promise<string> {
  const directory = await mkdtemp(join(folder, 'archive-'))
  for (const [name, file] of Object.entries(files)) {
    const path = join(directory, name)
    await mkdir(dirname(path), { recursive: true })
    if (typeof file === 'object' && 'link' in file) await symlink(file.link, path)
    else await writeFile(path, file)
  }
  execFileSync('tar', ['-C', directory, '-cf', `${directory}.tar`, ...Object.keys(files)])
  return `${directory}.tar`
}
