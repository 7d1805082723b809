// `pnpm bench <name>`: measurements of what the project does against the tools one would take otherwise.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchBootstrap } from './bootstrap.ts'
import { benchConvert } from './convert.ts'
import { benchPlan } from './plan.ts'
import { benchPublish } from './publish.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    big: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    json: { type: 'string' },
    dir: { type: 'string' },
    latency: { type: 'string', default: '20' },
    chunks: { type: 'string', default: '200' },
    images: { type: 'string', default: '1000' },
  },
})
const counts = [values.runs, values.latency, values.chunks, values.images].map(Number)
const [runs = 0, latency = 0, chunks = 0, images = 0] = counts
const [name = ''] = positionals
const names = ['bootstrap', 'convert', 'plan', 'publish']
if (!names.includes(name) || counts.some((count) => !Number.isInteger(count) || count < 1)) {
  console.error('usage: pnpm bench convert [--big] [--runs N] [--dir DIRECTORY] [--json FILE]')
  console.error('       pnpm bench publish [--latency MS] [--chunks N] [--runs N] [--dir DIRECTORY] [--json FILE]')
  console.error('       pnpm bench bootstrap [--runs N] [--dir DIRECTORY] [--json FILE]')
  console.error('       pnpm bench plan [--images N] [--runs N] [--dir DIRECTORY] [--json FILE]')
  process.exit(2)
}
// It bundles itself when a source is new, which is no part of what is measured.
execFileSync(join(import.meta.dirname, '..', 'flist'), ['--help'])
const { json, dir } = values
const common = { runs, ...(json ? { json } : {}), ...(dir ? { dir } : {}) }
if (name === 'convert') await benchConvert({ big: values.big, ...common })
else if (name === 'publish') await benchPublish({ latency, chunks, ...common })
else if (name === 'plan') await benchPlan({ images, ...common })
else await benchBootstrap(common)
