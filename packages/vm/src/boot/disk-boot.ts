import { copyFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { VmError } from '../errors.ts'
import type { MachineBoot } from './machine.ts'
import { findFirmware, requireTool } from './machine-tools.ts'
import { runToEnd } from './run-to-end.ts'

/** Bytes of a disk where none are asked for: room for a system that grows its root. */
const usualDisk = 4 * 1024 ** 3

/**
 * What zos does with an `image.raw`: copies it to the first disk of the user, which has to be large enough, and starts the firmware.
 *
 * @throws VmError 'boot-failed' when the disk is too small, 'tool-missing' without OVMF
 */
export async function diskBoot(
  folder: string,
  image: string,
  diskSize: number | undefined,
  signal?: AbortSignal,
): Promise<MachineBoot> {
  const { size } = await stat(image)
  const bytes = diskSize ?? Math.max(size, usualDisk)
  if (size > bytes) {
    const problem = `image size is bigger than disk: ${size} bytes do not fit in ${bytes}`
    throw new VmError('boot-failed', `${image}: ${problem}; give the deployment a larger disk`)
  }
  const firmware = await findFirmware()
  const disk = join(folder, 'disk.raw')
  const variables = join(folder, 'firmware-variables.fd')
  await runToEnd([await requireTool('cp'), '--sparse=always', '--reflink=auto', '--', image, disk], signal)
  await truncate(disk, bytes)
  await copyFile(firmware.variables, variables)
  return { kind: 'disk', disk, firmware: firmware.code, variables }
}
