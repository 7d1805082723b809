import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { requireTool } from '../boot/machine-tools.ts'
import { runToEnd } from '../boot/run-to-end.ts'
import { VmError } from '../errors.ts'

export type CloudImageOptions = {
  /** Bytes that the disk may have. */
  readonly largest: number
  readonly signal?: AbortSignal
}

/** What `qemu-img info` tells of an image. */
type ImageInfo = {
  readonly format: string
  readonly virtualSize: number
  /** Other files the image is to be read from. */
  readonly others: readonly string[]
}

/**
 * Writes the disk that a qcow2 image stands for, as zos copies it. An image that is to be read from further files is refused: its maker
 * would choose files of this machine.
 *
 * @param output appears when it is whole
 * @returns bytes of the disk
 * @throws VmError 'disk-image', 'tool-missing' naming the package, 'boot-failed' with what qemu-img said last, 'cancelled'
 */
export async function convertCloudImage(image: string, output: string, options: CloudImageOptions): Promise<number> {
  const { largest, signal } = options
  const qemuImg = await requireTool('qemu-img')
  // A name with a colon is an address for it.
  const file = resolve(image)
  const { format, virtualSize, others } = await readInfo(qemuImg, file, signal)
  if (format !== 'qcow2') throw new VmError('disk-image', `${image}: is a ${format} image; give a qcow2`)
  if (others.length > 0) {
    const names = others.map((name) => JSON.stringify(name)).join(', ')
    throw new VmError(
      'disk-image',
      `${image}: is to be read from ${names}; flatten it where it was made (qemu-img convert)`,
    )
  }
  if (virtualSize > largest)
    throw new VmError(
      'disk-image',
      `${image}: its disk has ${virtualSize} bytes, the limit is ${largest}; raise --max-size`,
    )
  const partial = `${output}.partial`
  try {
    await runToEnd([qemuImg, 'convert', '-f', 'qcow2', '-O', 'raw', file, resolve(partial)], signal)
    await rename(partial, output)
    return virtualSize
  } catch (error) {
    if (signal?.aborted)
      throw new VmError('cancelled', `${image}: cancelled by the caller; run it again`, { cause: signal.reason })
    throw error
  } finally {
    await rm(partial, { force: true })
  }
}

/** The format is given, so that an image does not choose how it is read. */
async function readInfo(qemuImg: string, image: string, signal?: AbortSignal): Promise<ImageInfo> {
  const text = await runToEnd([qemuImg, 'info', '--output=json', '-f', 'qcow2', image], signal)
  const info: unknown = JSON.parse(text)
  const field = (value: unknown, name: string): unknown =>
    typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined
  const dataFile = field(field(field(info, 'format-specific'), 'data'), 'data-file')
  const virtualSize = Number(field(info, 'virtual-size'))
  if (!Number.isSafeInteger(virtualSize))
    throw new VmError('disk-image', `${image}: qemu-img does not tell its size; make the image again`)
  const others = [field(info, 'backing-filename'), dataFile].filter((name) => typeof name === 'string')
  return { format: String(field(info, 'format')), virtualSize, others }
}
