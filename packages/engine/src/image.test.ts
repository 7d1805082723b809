import { expect, test } from 'vitest'
import { type Answer, json, startFakeEngine } from '../test/fake-engine.ts'
import { connectEngine } from './connection.ts'
import { countSteps, inspectImage, removeImage, tagImage } from './image.ts'

async function withAnswer(route: string, answer: Answer) {
  const fake = await startFakeEngine({ [route]: answer })
  return {
    fake,
    engine: await connectEngine({ socketPath: fake.socketPath }),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

test('an image is described; what the engine leaves out is empty', async () => {
  const info = {
    Id: 'sha256:1',
    RepoTags: ['a:1'],
    RepoDigests: null,
    Config: { Labels: null },
    Os: 'linux',
    Architecture: 'arm64',
    Size: 7,
  }
  await using setup = await withAnswer('GET /images/a:1/json', json(200, info))
  expect(await inspectImage(setup.engine, 'a:1')).toEqual({
    imageId: 'sha256:1',
    tags: ['a:1'],
    repositoryDigests: [],
    command: [],
    labels: {},
    platform: 'linux/arm64',
    size: 7,
  })
})

test('the steps of an image are counted', async () => {
  await using setup = await withAnswer('GET /images/a:1/history', json(200, [{ Id: 'sha256:1' }, { Id: '<missing>' }]))
  expect(await countSteps(setup.engine, 'a:1')).toBe(2)
  await expect(countSteps(setup.engine, 'nothing')).rejects.toMatchObject({ code: 'not-found' })
})

test('an image that is not there is undefined, a failure is an error', async () => {
  await using setup = await withAnswer('GET /images/broken/json', json(500, { message: 'boom' }))
  expect(await inspectImage(setup.engine, 'nothing')).toBeUndefined()
  await expect(inspectImage(setup.engine, 'broken')).rejects.toMatchObject({ code: 'refused', status: 500 })
})

test('a tag is a repository and a tag', async () => {
  await using setup = await withAnswer('POST /images/sha256:1/tag', (response) => response.writeHead(201).end())
  await tagImage(setup.engine, 'sha256:1', 'localhost:5000/a/b:c')
  expect(setup.fake.requests.at(-1)?.query.toString()).toBe('repo=localhost%3A5000%2Fa%2Fb&tag=c')
  await expect(tagImage(setup.engine, 'nothing', 'a:b')).rejects.toMatchObject({ code: 'not-found' })
})

test('removing tells whether there was something to remove', async () => {
  await using setup = await withAnswer('DELETE /images/a:1', json(200, [{ Untagged: 'a:1' }]))
  expect(await removeImage(setup.engine, 'a:1')).toBe(true)
  expect(await removeImage(setup.engine, 'nothing')).toBe(false)
})

test('an image in use is refused', async () => {
  await using setup = await withAnswer('DELETE /images/a:1', json(409, { message: 'conflict: in use' }))
  await expect(removeImage(setup.engine, 'a:1')).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('conflict: in use'),
  })
})
