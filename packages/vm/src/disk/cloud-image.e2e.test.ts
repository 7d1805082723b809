import { execFileSync } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { convertCloudImage } from './cloud-image.ts'

const qemuImg = (...args: string[]) => execFileSync('qemu-img', args, { stdio: 'pipe' })
const limit = { largest: 64 << 20 }

test('the disk of a qcow2, byte by byte; nothing else is left', async () => {
  await using folder = await temporaryFolder()
  const at = (name: string) => join(folder.path, name)
  const disk = Buffer.alloc(8 << 20)
  disk.write('GRUB', 0)
  disk.write('the end', disk.length - 7)
  await writeFile(at('disk.raw'), disk)
  qemuImg('convert', '-q', '-c', '-f', 'raw', '-O', 'qcow2', at('disk.raw'), at('a.qcow2'))
  // As a user may write it.
  const image = relative(process.cwd(), at('a.qcow2'))
  expect(await convertCloudImage(image, at('image.raw'), limit)).toBe(disk.length)
  expect((await readFile(at('image.raw'))).equals(disk)).toBe(true)
  expect((await readdir(folder.path)).sort()).toEqual(['a.qcow2', 'disk.raw', 'image.raw'])
})

test('an image that is to be read from files of this machine is refused', async () => {
  await using folder = await temporaryFolder()
  const at = (name: string) => join(folder.path, name)
  qemuImg('create', '-q', '-f', 'qcow2', '-u', '-b', '/etc/shadow', '-F', 'raw', at('a.qcow2'), '1M')
  await expect(convertCloudImage(at('a.qcow2'), at('image.raw'), limit)).rejects.toMatchObject({
    code: 'disk-image',
    message: `${at('a.qcow2')}: is to be read from "/etc/shadow"; flatten it where it was made (qemu-img convert)`,
  })
  qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${at('data')}`, at('b.qcow2'), '1M')
  await expect(convertCloudImage(at('b.qcow2'), at('image.raw'), limit)).rejects.toThrow('data"; flatten it')
})

test('a disk larger than allowed is refused before it is written', async () => {
  await using folder = await temporaryFolder()
  const image = join(folder.path, 'a.qcow2')
  qemuImg('create', '-q', '-f', 'qcow2', image, '1P')
  await expect(convertCloudImage(image, join(folder.path, 'image.raw'), limit)).rejects.toMatchObject({
    code: 'disk-image',
    message: `${image}: its disk has ${2 ** 50} bytes, the limit is ${64 << 20}; raise --max-size`,
  })
  expect(await readdir(folder.path)).toEqual(['a.qcow2'])
})

test('what only begins like one is told with what qemu-img says', async () => {
  await using folder = await temporaryFolder()
  const image = join(folder.path, 'a.qcow2')
  await writeFile(image, 'QFI\xfb and nothing else', 'latin1')
  await expect(convertCloudImage(image, join(folder.path, 'image.raw'), limit)).rejects.toMatchObject({
    code: 'boot-failed',
    message: expect.stringMatching(/qemu-img: ended with exit code 1 after "qemu-img: Could not open /),
  })
})
