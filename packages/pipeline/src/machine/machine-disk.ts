import { mkdir, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChunkStore } from '@tf-images/flist'
import { makeDiskImage } from '@tf-images/vm'
import { convertSource } from '../convert.ts'
import { measuringStore, needText, type StorageNeed } from '../image-raw.ts'
import type { PhaseRunner } from '../progress.ts'
import { formatBytes } from '../quantity-text.ts'
import { openSource } from '../source.ts'
import type { VmOptions } from './bring-up-vm.ts'

/** Where the kernel of a machine is kept as its package has it: beside the machine's tree. */
export function packagedKernelOf(directory: string): string {
  return `${directory}.vmlinuz`
}

/** What the files of the machine would take in the store; nothing of them is stored. */
export async function measureFiles(
  directory: string,
  chunks: ChunkStore,
  { signal }: Pick<VmOptions, 'signal'>,
  phases: PhaseRunner,
): Promise<StorageNeed> {
  const output = `${directory}.measured.flist`
  return phases.run(
    'measure',
    'counting what its files would take',
    async ({ update }) => {
      const source = await openSource(directory)
      try {
        const onBytes = (bytes: number) => update(formatBytes(bytes))
        return await convertSource(source, output, measuringStore(chunks), { onBytes, ...(signal ? { signal } : {}) })
      } finally {
        await Promise.all([source.close(), rm(output, { force: true })])
      }
    },
    needText,
  )
}

/**
 * Makes the disk of a machine that was made.
 *
 * @returns a directory that has the disk and nothing else
 * @throws VmError
 */
export async function makeDisk(
  directory: string,
  { sourceDateEpoch, signal }: Pick<VmOptions, 'sourceDateEpoch' | 'signal'>,
  phases: PhaseRunner,
): Promise<string> {
  const folder = `${directory}-image`
  const path = join(folder, 'image.raw')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await phases.run(
    'disk',
    `making ${path}`,
    () => makeDiskImage(directory, path, { kernel: packagedKernelOf(directory), ...(signal ? { signal } : {}) }),
    ({ bytes }) => formatBytes(bytes),
  )
  for (const file of [path, folder]) await utimes(file, sourceDateEpoch, sourceDateEpoch)
  return folder
}
