import { readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyExample, createRepository } from '../act/workflow-repository.ts'
import { runWorkflow } from '../act/workflow-run.ts'
import { account, createWorld, type World } from '../harness/world.ts'

/** The example of a virtual machine, from an outsider's push to a link on the hub: a bootstrap and a boot, which take minutes. */
let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(async () => world[Symbol.asyncDispose]())

test('example: a virtual machine is made, started and published', async () => {
  const ours = await createRepository(join(world.folder, 'ours'), {
    'recipes.yaml': { registry: 'ghcr.io/example/images', bases: {} },
  })
  const file = '.github/workflows/machines.yml'
  const { FLIST_HUB_URL = '', FLIST_HUB_GATEWAY = '', FLIST_HUB_BACKEND = '' } = world.env
  const hub = `hub-url: "${FLIST_HUB_URL}", hub-gateway: "${FLIST_HUB_GATEWAY}", hub-backend: "${FLIST_HUB_BACKEND}"`
  const outsider = await copyExample('vm', join(world.folder, 'outsider'), [[file, '{ names:', `{ ${hub}, names:`]])
  const { code, log } = await runWorkflow({
    repository: outsider,
    workflow: file,
    event: 'push',
    secrets: { HUB_TOKEN: world.token, GITHUB_TOKEN: 'none' },
    repositories: { 'threefoldtech/tf-images@v1': ours },
    actions: ours,
    folder: world.folder,
  })
  expect(code, log).toBe(0)
  expect(await readlink(join(world.folder, 'hub', 'users', account, 'workshop-vm.flist'))).toMatch(/^workshop-vm-/)
})
