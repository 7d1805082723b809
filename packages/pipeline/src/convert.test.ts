import { join } from 'node:path'
import { openFlist } from '@tf-images/flist'
import { expect, test } from 'vitest'
import { member } from '../../rootfs/test/tar-builder.ts'
import { convertPath, temporaryFolder, writeImage } from '../test/converted.ts'

test('the image row has the hashes of the tree, with and without its times', async () => {
  const folder = await temporaryFolder()
  const path = await writeImage(folder, [member({ name: 'a', mtime: 5 }, 'x')], { Cmd: ['sh'] })
  const { treeHash, contentHash } = await convertPath(folder, path)
  using flist = await openFlist(join(folder, 'out.flist'))
  expect(JSON.parse(String(flist.metadata.image))).toMatchObject({ treeHash, contentHash })
  const later = await temporaryFolder()
  const again = await convertPath(
    later,
    await writeImage(later, [member({ name: 'a', mtime: 6 }, 'x')], { Cmd: ['sh'] }),
  )
  expect(again.contentHash).toBe(contentHash)
  expect(again.treeHash).not.toBe(treeHash)
})
