import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Flist, type Node, openFlist, writeFlist } from '@tf-images/flist'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resolvePath } from './link-resolution.ts'

const attributes = { mode: 0o755, uid: 0, gid: 0, mtime: 0 }
const directory = (children: Record<string, Node<Uint8Array>>) => ({
  type: 'directory' as const,
  ...attributes,
  children: new Map(Object.entries(children)),
})
const link = (target: string) => ({ type: 'symlink' as const, ...attributes, mode: 0o777, target })
const file = { type: 'file' as const, ...attributes, size: 0, content: new Uint8Array() }

let folder: string
let flist: Flist
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-links-'))
  const root = directory({
    usr: directory({ bin: directory({ dash: file, sh: link('dash') }), lib: directory({ release: file }) }),
    bin: link('usr/bin'),
    etc: directory({
      release: link('../usr/lib/release'),
      absolute: link('/bin/sh'),
      above: link('../../../../usr/lib'),
      circle: link('circle'),
      dangling: link('nothing'),
    }),
  })
  await writeFlist(root, {}, join(folder, 'links.flist'))
  flist = await openFlist(join(folder, 'links.flist'))
})
afterAll(async () => {
  flist.close()
  await rm(folder, { recursive: true })
})

test.each([
  ['', ''],
  ['usr/bin/dash', 'usr/bin/dash'],
  ['bin/dash', 'usr/bin/dash'],
  ['bin/sh', 'usr/bin/dash'],
  ['etc/release', 'usr/lib/release'],
  ['etc/absolute', 'usr/bin/dash'],
  ['etc/above/release', 'usr/lib/release'],
])('/%s is /%s', (path, found) => {
  expect(resolvePath(flist, path).path).toBe(found)
})

test.each([
  ['etc/circle', /circle of links/],
  ['etc/dangling', /there is no "\/etc\/nothing", which "\/etc\/dangling" leads to/],
  ['usr/bin/bash', /there is no "\/usr\/bin\/bash"; see what there is with: flist ls <flist> \/usr\/bin$/],
])('/%s is an error', (path, message) => {
  expect(() => resolvePath(flist, path)).toThrow(message)
})
