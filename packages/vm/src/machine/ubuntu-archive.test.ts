import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { requireUbuntu } from './ubuntu-archive.ts'

const list = 'usr/share/distro-info/ubuntu.csv'
const keys = 'usr/share/keyrings/ubuntu-archive-keyring.gpg'
const mirror = 'http://archive.example/ubuntu'

test.each([
  [
    [],
    {},
    `bootstrap of "noble": this machine has no /${list}; install it (apt-get install distro-info-data), or give the mirror`,
  ],
  [
    [list],
    {},
    `bootstrap of "noble": this machine has no /${keys}; install it (apt-get install ubuntu-keyring), or give the keyring`,
  ],
  [[], { mirror }, expect.stringContaining('ubuntu-keyring')],
  [[list, keys], {}, undefined],
  [[keys], { mirror }, undefined],
  [[], { mirror, keyring: '/k.gpg' }, undefined],
])('a machine with %j, given %j', async (files, given, message) => {
  await using folder = await temporaryFolder()
  for (const file of files) {
    await mkdir(join(folder.path, file, '..'), { recursive: true })
    await writeFile(join(folder.path, file), '')
  }
  const failure = await requireUbuntu({ release: 'noble', ...given }, folder.path).then(
    () => undefined,
    (error: Error) => error.message,
  )
  expect(failure).toEqual(message)
})
