import { expect, test } from 'vitest'
import { json, startFakeEngine } from '../test/fake-engine.ts'
import { connectEngine } from './connection.ts'
import { dataFolder } from './data-folder.ts'

test.each([
  [{ DockerRootDir: '/var/lib/docker' }, '/var/lib/docker'],
  [{}, undefined],
])('of %j it is %s', async (info, folder) => {
  await using fake = await startFakeEngine({ 'GET /info': json(200, info) })
  expect(await dataFolder(await connectEngine({ socketPath: fake.socketPath }))).toBe(folder)
})

test('an engine on another machine has none here; one that refuses is an error', async () => {
  await using fake = await startFakeEngine({ 'GET /info': json(500, { message: 'boom' }) })
  const engine = await connectEngine({ socketPath: fake.socketPath })
  await expect(dataFolder(engine)).rejects.toMatchObject({ code: 'refused' })
  expect(await dataFolder({ ...engine, address: { host: 'far', port: 2375 } })).toBeUndefined()
})
