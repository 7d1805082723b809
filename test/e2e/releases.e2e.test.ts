import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CommandResult, flist } from '../harness/command.ts'
import { recipesWithBase, writeRecipes } from '../harness/recipe-folder.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'
import { account, createWorld, type World } from '../harness/world.ts'

/** The life of an image after its first release, as a user sees it: with a real engine and a real registry. */
let world: World
let base: string
beforeAll(async () => {
  world = await createWorld()
  base = await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder)
})
afterAll(async () => world[Symbol.asyncDispose]())

/** The recipe of an image of version `version`, in the same folder each time. */
async function writeRecipe(version: string): Promise<string> {
  const definition = {
    description: 'A test image',
    base: 'tiny',
    files: [{ target: '/etc/content', content: version }],
    labels: { 'org.opencontainers.image.version': version },
  }
  return writeRecipes(join(world.folder, 'recipe'), { ...recipesWithBase(base), 'images/app/image.yaml': definition })
}

const run = (args: readonly string[]): Promise<CommandResult> => flist(args, { env: world.env })

async function up(root: string): Promise<{ status: string; reason: string; flistUrl: string }> {
  const { code, stdout, stderr } = await run(['up', '--root', root, '--work', join(root, 'work'), '--json'])
  expect(code, stderr).toBe(0)
  const [report] = JSON.parse(stdout).images
  return { ...report, reason: report.decision.reason }
}

async function status(root: string): Promise<{ code: number | null; stages: Record<string, string> }> {
  const { code, stdout, stderr } = await run(['status', '--root', root, '--json'])
  expect(stdout, stderr).toMatch(/^\{/)
  const [image] = JSON.parse(stdout).images
  const stages = image.stages.map(({ stage, state }: { stage: string; state: string }) => [stage, state])
  return { code, stages: Object.fromEntries(stages) }
}

const followed = async () =>
  (await run(['cat', `${world.env.FLIST_HUB_URL}/${account}/app.flist`, '/etc/content'])).stdout

test('status, a new version, a rollback that stays, and a promotion', async () => {
  const root = await writeRecipe('1.0')
  expect(await status(root)).toEqual({
    code: 3,
    stages: { dockerfile: 'behind', image: 'missing', flist: 'missing', link: 'missing' },
  })
  const first = await up(root)
  expect(first.flistUrl).toMatch(/\/app-1\.0-[0-9a-f]{12}\.flist$/)
  const current = { dockerfile: 'current', image: 'current', flist: 'current', link: 'current' }
  expect(await status(root)).toEqual({ code: 0, stages: current })

  await writeRecipe('2.0')
  const behind = { dockerfile: 'behind', image: 'behind', flist: 'missing', link: 'behind' }
  expect(await status(root)).toEqual({ code: 3, stages: behind })
  const second = await up(root)
  expect(second.status).toBe('published')
  expect(await followed()).toBe('2.0')

  expect((await run(['rollback', 'app'])).code).toBe(0)
  expect(await followed()).toBe('1.0')
  expect(await up(root)).toMatchObject({ status: 'unchanged', reason: expect.stringContaining('was rolled back') })
  expect(await followed()).toBe('1.0')
  expect(await status(root)).toEqual({ code: 0, stages: { ...current, link: 'held' } })

  const name = second.flistUrl.split('/').at(-1) ?? ''
  expect((await run(['promote', name, 'app'])).code).toBe(0)
  expect(await followed()).toBe('2.0')
  expect(await status(root)).toEqual({ code: 0, stages: current })
})
