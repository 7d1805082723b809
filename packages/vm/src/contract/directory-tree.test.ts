import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { goodMachine, testTree, tree } from '../../test/trees.ts'
import { writeTree } from '../../test/written-tree.ts'
import type { ContractTree } from './contract-tree.ts'
import { directoryTree, throwRefused } from './directory-tree.ts'

async function everything(subject: ContractTree) {
  const all = []
  for await (const { path, entry } of subject.walk()) {
    const content = entry.type === 'file' ? Buffer.from(await subject.read(path)).toString('base64') : undefined
    // Only root can write the owners.
    const { type, mode, size, target } = entry
    all.push({ path, type, mode, size, target, names: await subject.list(path), content })
  }
  return all
}

test('a directory is seen as the tree it was written from', async () => {
  await using temporary = await temporaryFolder()
  const root = join(temporary.path, 'root')
  await writeTree(tree(goodMachine), root)
  expect(await everything(directoryTree(root))).toEqual(await everything(testTree(tree(goodMachine))))
})

test('nothing outside is seen', async () => {
  await using temporary = await temporaryFolder()
  const root = join(temporary.path, 'root')
  await mkdir(root)
  await writeFile(join(temporary.path, 'secret'), 'x')
  await symlink('..', join(root, 'up'))
  await symlink(join(temporary.path, 'secret'), join(root, 'secret'))
  const subject = directoryTree(root)
  expect(await subject.lookup('up/secret')).toBeUndefined()
  expect(await subject.list('up')).toEqual([])
  expect(await subject.read('secret')).toHaveLength(0)
  expect(await subject.lookup('secret')).toMatchObject({ type: 'symlink' })
})

test('names that are not UTF-8, and ranges', async () => {
  await using temporary = await temporaryFolder()
  await writeFile(Buffer.concat([Buffer.from(`${temporary.path}/`), Buffer.from([0xff, 0x61])]), '0123456789')
  const subject = directoryTree(temporary.path)
  expect(await subject.list('')).toEqual(['\xffa'])
  const read = async (offset: number, length: number) =>
    Buffer.from(await subject.read('\xffa', { offset, length })).toString()
  expect(await read(2, 3)).toBe('234')
  expect(await read(8, 99)).toBe('89')
  expect(await read(99, 1)).toBe('')
})

test.each(['EACCES', 'EPERM'])('what this user may not read says so: %s', (code) => {
  const refusal = () => throwRefused('./root', 'etc/shadow', Object.assign(new Error('open'), { code }))
  expect(refusal).toThrow(
    './root/etc/shadow: this user may not read or change it; run it as root (sudo), or as its owner',
  )
})

test('other errors stay what they are', () => {
  expect(() => throwRefused('root', 'a', new Error('broken'))).toThrow(/^broken$/)
})
