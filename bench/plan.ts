import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plan } from '../packages/pipeline/src/index.ts'
import { publishImages, pushImage } from '../test/harness/published-images.ts'
import { startRegistry } from '../test/harness/registry.ts'
import { measure } from './measured-process.ts'
import { writePlanRecipes } from './plan-recipes.ts'
import { formatTable, median } from './table.ts'

export type PlanBenchOptions = {
  readonly runs: number
  readonly json?: string
  readonly dir?: string
  /** How many images are planned. */
  readonly images: number
}

type Row = {
  readonly name: string
  readonly seconds: number
  readonly cpu: number
  readonly peakBytes: number
  readonly requests: number
  readonly work: string
}

const USER = 'bench.3bot'

/**
 * Plans many images against a registry and a hub of its own, as `flist plan` does it, the start of the process included: when
 * all are published, when one snippet changed, and when nothing is there.
 */
export async function benchPlan({ runs, json, dir = tmpdir(), images }: PlanBenchOptions): Promise<void> {
  const folder = await mkdtemp(join(dir, 'flist-bench-'))
  const twin = fork(join(import.meta.dirname, 'twin-process.ts'), [folder, '0'])
  const registry = await startRegistry()
  try {
    const [{ url }] = (await once(twin, 'message')) as [{ url: string }]
    const root = join(folder, 'project')
    const base = `${registry.host}/bases/tiny:1`
    const baseDigest = await pushImage(registry.host, [base])
    await writePlanRecipes(root, base, images)
    const run = (name: string, prefix: string) =>
      planned(name, { runs, folder, root, url, registry: `${registry.host}/${prefix}` })
    const repository = join(folder, 'hub', 'users', USER)
    await mkdir(repository, { recursive: true })
    const rows = [await run('nothing is there', 'empty')]
    await publishImages(root, { registryHost: registry.host, registry: `${registry.host}/all`, repository, baseDigest })
    rows.push(await run('all is published', 'all'))
    await changeSnippet(root)
    rows.push(await run('one snippet changed', 'all'))
    const setting = `${images} images, 30 snippets, 3 waves; whole processes, start included; node ${process.version}; medians of ${runs}`
    console.log(setting)
    console.log(formatTable(tableOf(rows)))
    if (json) await writeFile(json, `${JSON.stringify({ setting, rows }, null, 2)}\n`)
  } finally {
    twin.disconnect()
    await once(twin, 'exit')
    await registry[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
}

/** A snippet of the last wave: a tenth of its images, and nothing on top of them. */
async function changeSnippet(root: string): Promise<void> {
  const file = join(root, 'recipes', 'snippets', 'part-20', 'snippet.yaml')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('version: "1.20"', 'version: "1.21"').replace('run: [', 'run: ["true", '))
}

type Setting = {
  readonly runs: number
  readonly folder: string
  readonly root: string
  readonly url: string
  readonly registry: string
}

async function planned(name: string, { runs, folder, root, url, registry }: Setting): Promise<Row> {
  const output = join(folder, 'plan.json')
  const flist = join(import.meta.dirname, '..', 'flist')
  const options = `--root ${root} --registry ${registry} --hub ${url} --hub-user ${USER} --platform linux/amd64`
  const found = []
  for (let turn = 0; turn < runs; turn++) {
    found.push(await measure(`exec "${flist}" plan ${options} --json > ${output}`, folder))
  }
  const plan: Plan = JSON.parse(await readFile(output, 'utf8'))
  const open = plan.images.filter(({ action }) => action !== 'nothing').length
  return {
    name,
    seconds: median(found.map(({ wall }) => wall)),
    cpu: median(found.map(({ cpu }) => cpu)),
    peakBytes: Math.max(...found.map(({ peakBytes }) => peakBytes)),
    requests: plan.requests,
    work: `${open} in ${plan.legs.length} legs`,
  }
}

function tableOf(rows: readonly Row[]): string[][] {
  const cells = rows.map(({ name, seconds, cpu, peakBytes, requests, work }) => [
    name,
    `${seconds.toFixed(2)} s`,
    `${cpu.toFixed(2)} s`,
    `${(peakBytes / 1e6).toFixed(0)} MB`,
    String(requests),
    work,
  ])
  return [['', 'wall', 'cpu', 'peak RSS', 'requests', 'to do'], ...cells]
}
