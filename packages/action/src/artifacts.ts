import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArtifactClient } from '@actions/artifact'
import { notice } from '@actions/core'
import { errorText } from '@tf-images/pipeline'

/**
 * Files that the jobs of a run pass on, kept by GitHub. Where there is no such service (a local run without one) nothing is kept, which
 * is said once; jobs on one machine then find each other's results in the work folder.
 */
export type Artifacts = {
  readonly available: boolean
  /** Keeps all files of a folder under a name; what an earlier attempt of the job kept is replaced. */
  upload(name: string, folder: string): Promise<void>
  /** @returns false when there is no artifact of this name */
  download(name: string, folder: string): Promise<boolean>
  /** Names of all artifacts of this run so far. */
  list(): Promise<readonly string[]>
}

export function openArtifacts(): Artifacts {
  const available = Boolean(process.env.ACTIONS_RUNTIME_TOKEN && process.env.ACTIONS_RESULTS_URL)
  if (!available) {
    const nothing = async () => {
      notice('no artifacts here: results are only in the work folder')
    }
    return { available, upload: nothing, download: async () => false, list: async () => [] }
  }
  let client: Promise<ArtifactClient> | undefined
  const open = () => {
    client ??= import('@actions/artifact').then(({ DefaultArtifactClient }) => new DefaultArtifactClient())
    return client
  }
  return {
    available,
    async upload(name, folder) {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true })
      const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
      const artifacts = await open()
      // Chunks and flists are compressed already.
      const send = () => artifacts.uploadArtifact(name, files, folder, { compressionLevel: 1 })
      try {
        await send()
      } catch (error) {
        if (!/conflict|already exists/i.test(errorText(error))) throw error
        await artifacts.deleteArtifact(name)
        await send()
      }
    },
    async download(name, folder) {
      const artifacts = await open()
      const { artifacts: known } = await artifacts.listArtifacts({ latest: true })
      const found = known.find((artifact) => artifact.name === name)
      if (!found) return false
      await artifacts.downloadArtifact(found.id, { path: folder })
      return true
    },
    async list() {
      const { artifacts } = await (await open()).listArtifacts({ latest: true })
      return artifacts.map(({ name }) => name)
    },
  }
}
