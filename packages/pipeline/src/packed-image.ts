import type { DirectoryNode } from '@tf-images/rootfs'
import { PipelineError } from './errors.ts'

/**
 * Refuses a root tar that is really an archive of images: one that is compressed cannot be read in place, so it is taken
 * for a root tar, and a flist with layers as files would help nobody.
 *
 * @throws PipelineError 'bad-source'
 */
export function refusePackedImage(root: DirectoryNode<unknown>, title: string): void {
  const { children } = root
  const isLayout = children.has('oci-layout') && children.has('index.json')
  const hasLayerFolder = () =>
    [...children.values()].some((child) => child.type === 'directory' && child.children.has('layer.tar'))
  const isDockerArchive = children.has('manifest.json') && (children.has('repositories') || hasLayerFolder())
  if (!isLayout && !isDockerArchive) return
  throw new PipelineError(
    'bad-source',
    `"${title}": is a compressed archive of images, in which layers cannot be read in place; decompress it first (gunzip, unzstd)`,
  )
}
