// Images in files of this machine, which most who ask a registry have none of.
export { openDockerArchive } from './docker-archive.ts'
export { type ImageFormat, imageFormat } from './image-format.ts'
export { type ImageLayout, openImageLayout } from './image-layout.ts'
