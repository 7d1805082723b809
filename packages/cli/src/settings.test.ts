import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { hubSettings } from './settings.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-settings-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

test('the chunks, and the token with them, go to the host of the hub unless told otherwise', async () => {
  vi.stubEnv('FLIST_HUB_TOKEN', 'secret\n')
  expect(await hubSettings({ hub: 'https://hub.example' })).toEqual({
    url: 'https://hub.example',
    gateway: 'hub://hub.example:9980',
    backend: 'zdb://hub.example:9900/default',
    token: 'secret',
  })
  const elsewhere = { hub: 'https://hub.example', gateway: 'hub://gate.example:1', backend: 'zdb://data.example/x' }
  expect(await hubSettings({ ...elsewhere, hubUser: 'alice.3bot' })).toMatchObject({
    gateway: 'hub://gate.example:1',
    backend: 'zdb://data.example/x',
    user: 'alice.3bot',
  })
})

test('a token comes from its file, rather than from the environment', async () => {
  vi.stubEnv('FLIST_HUB_TOKEN', 'other')
  const hubTokenFile = join(folder, 'token')
  await writeFile(hubTokenFile, 'secret\n')
  expect(await hubSettings({ hub: 'https://hub.example', hubTokenFile })).toMatchObject({ token: 'secret' })
  await writeFile(hubTokenFile, '\n')
  await expect(hubSettings({ hub: 'https://hub.example', hubTokenFile })).rejects.toMatchObject({
    code: 'bad-settings',
    message: 'no token for https://hub.example; set FLIST_HUB_TOKEN or give --hub-token-file',
  })
})
