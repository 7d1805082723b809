import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { member } from '../../rootfs/test/tar-builder.ts'
import { convertPath, temporaryFolder, writeTar } from '../test/converted.ts'
import { needText } from './image-raw.ts'

const chunk = 512 * 1024

/** Four different chunks, of which the store gets one by another file. */
async function diskFolder() {
  const folder = await temporaryFolder()
  const root = join(folder, 'root')
  const [first, second, third, fourth] = [
    randomBytes(chunk),
    randomBytes(chunk),
    randomBytes(chunk),
    randomBytes(chunk),
  ]
  await mkdir(root)
  await writeFile(join(root, 'a'), second)
  await convertPath(folder, root)
  await writeFile(join(root, 'image.raw'), Buffer.concat([first, second, third, fourth, third, fourth]))
  const stored = async () => (await readdir(join(folder, 'chunks'), { recursive: true, withFileTypes: true })).length
  return { folder, root, stored }
}

test('a disk image that nobody asked for is refused with what it would take, and nothing is stored', async () => {
  const { folder, root, stored } = await diskFolder()
  const before = await stored()
  await expect(convertPath(folder, root)).rejects.toMatchObject({
    code: 'image-raw',
    message: expect.stringMatching(
      /root: has an image\.raw, 3\.67 MB: of its 4 different chunks the store has 1 \(25\.0 %\), 1\.57 MB would be stored; .*: publish the tree \(flist vm\), or ask for it with --image-raw$/,
    ),
  })
  expect(await stored()).toBe(before)
})

test('who asks for it gets it', async () => {
  const { folder, root } = await diskFolder()
  expect(await convertPath(folder, root, { imageRaw: true })).toMatchObject({ files: 2, uniqueChunks: 4, newChunks: 3 })
})

test('in a tar it is found when it was read', async () => {
  const folder = await temporaryFolder()
  const tar = await writeTar(folder, [member({ name: 'image.raw' }, 'x'.repeat(1000))])
  await expect(convertPath(folder, tar)).rejects.toMatchObject({ code: 'image-raw' })
  expect(await readdir(folder)).not.toContain('out.flist')
})

test('only what zos takes for one: not elsewhere, not a directory', async () => {
  const folder = await temporaryFolder()
  const members = [member({ name: 'image.raw/', typeflag: '5' }), member({ name: 'disks/image.raw' }, 'x')]
  expect(await convertPath(folder, await writeTar(folder, members))).toMatchObject({ files: 1, directories: 3 })
})

test('what is needed, for people', () => {
  expect(needText({ bytes: 968e6, uniqueChunks: 941, newChunks: 940, newBytes: 245e6 })).toBe(
    '968 MB: of its 941 different chunks the store has 1 (0.1 %), 245 MB would be stored',
  )
})
