import { rm } from 'node:fs/promises'
import { getState, saveState, warning } from '@actions/core'
import { errorText } from '@tf-images/pipeline'

/** What a job leaves that nobody needs afterwards. */
type Leftovers = { folders: string[]; images: string[] }

const leftovers: Leftovers = { folders: [], images: [] }

/** Has something removed when the job ends, whether it succeeds or not. */
export function removeAtEnd({ folder, image }: { readonly folder?: string; readonly image?: string }): void {
  if (folder) leftovers.folders.push(folder)
  if (image) leftovers.images.push(image)
  saveState('leftovers', JSON.stringify(leftovers))
}

/** Says that the next run of this entry is the one after the job. */
export function markMain(): void {
  saveState('main', 'true')
}

export const isPost = () => getState('main') === 'true'

/** The step after the job. It warns and never fails: the job is decided. */
export async function cleanUp(): Promise<void> {
  try {
    const { folders, images } = readLeftovers()
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
    const dockerHost = process.env.DOCKER_HOST
    if (images.length === 0) return
    // Not every job has images to remove, and this file is read by all.
    const { removeImages } = await import('@tf-images/pipeline/stages/removed-images')
    await removeImages(images, dockerHost ? { dockerHost } : {})
  } catch (error) {
    warning(`what this job left was not removed: ${errorText(error)}`)
  }
}

function readLeftovers(): Leftovers {
  const text = getState('leftovers')
  return text ? JSON.parse(text) : { folders: [], images: [] }
}
