import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startRespServer } from '../../test/resp-server.ts'
import { openChunkStore } from './open-store.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flist-store-'))
})
afterEach(async () => {
  await rm(root, { recursive: true })
})

test.each(['', 'dir://'])('"%s" and a path is a directory', async (prefix) => {
  await (await openChunkStore(`${prefix}${join(root, 'chunks')}`)).close()
  expect(await readdir(root)).toEqual(['chunks'])
})

test.each([
  ['zdb://127.0.0.1:PORT', {}, 'SELECT default'],
  ['zdb://127.0.0.1:PORT/images', {}, 'SELECT images'],
  ['zdb://127.0.0.1:PORT/images', { password: 'p w' }, 'SELECT images p w'],
  ['hub://127.0.0.1:PORT', { token: 'abc' }, 'AUTH abc'],
])('%s is opened with %o by %s', async (location, options, command) => {
  const server = await startRespServer(() => '+OK\r\n')
  const store = await openChunkStore(location.replace('PORT', `${server.port}`), options)
  await store.close()
  await server.close()
  expect(server.commands).toEqual([command])
})

test.each([
  ['s3://bucket/chunks', 'chunk store "s3://bucket/chunks": unknown kind "s3"; use a path, zdb:// or hub://'],
  ['hub://hub.grid.tf', 'hub://hub.grid.tf: the gateway of a hub needs a token; give one'],
  ['zdb://', 'chunk store "zdb://": not an address; use zdb://host:port/namespace or hub://host:port'],
  ['zdb://host:99999/default', 'not an address'],
  ['zdb://host:0/default', 'not an address'],
  ['zdb://host/default?x=1', 'not an address'],
  ['zdb://:hunter2@host:9900/default', 'chunk store at "host:9900": it carries a secret; give that as an option'],
])('%s is refused', async (location, message) => {
  const opened = openChunkStore(location)
  await expect(opened).rejects.toMatchObject({ name: 'FlistError', code: 'invalid' })
  await expect(opened).rejects.toThrow(message)
})
