// `pnpm bench <name>`: measurements of what the project does against the tools one would take otherwise.
import { parseArgs } from 'node:util'
import { benchBootstrap } from './bootstrap.ts'
import { benchConvert } from './convert.ts'
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
  },
})
const [runs, latency, chunks] = [values.runs, values.latency, values.chunks].map(Number)
const [name = ''] = positionals
const isCount = (number: number | undefined): number is number => Number.isInteger(number) && Number(number) >= 1
if (!['bootstrap', 'convert', 'publish'].includes(name) || !isCount(runs) || !isCount(chunks) || !isCount(latency)) {
  console.error('usage: pnpm bench convert [--big] [--runs N] [--dir DIRECTORY] [--json FILE]')
  console.error('       pnpm bench publish [--latency MS] [--chunks N] [--runs N] [--dir DIRECTORY] [--json FILE]')
  console.error('       pnpm bench bootstrap [--runs N] [--dir DIRECTORY] [--json FILE]')
  process.exit(2)
}
const { json, dir } = values
const common = { runs, ...(json ? { json } : {}), ...(dir ? { dir } : {}) }
if (name === 'convert') await benchConvert({ big: values.big, ...common })
else if (name === 'publish') await benchPublish({ latency, chunks, ...common })
else await benchBootstrap(common)
