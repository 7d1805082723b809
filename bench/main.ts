// `pnpm bench <name>`: measurements of what the project does against the tools one would take otherwise.
import { parseArgs } from 'node:util'
import { benchConvert } from './convert.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    big: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    json: { type: 'string' },
    dir: { type: 'string' },
  },
})
const runs = Number(values.runs)
if (positionals.join() !== 'convert' || !Number.isInteger(runs) || runs < 1) {
  console.error('usage: pnpm bench convert [--big] [--runs N] [--dir DIRECTORY] [--json FILE]')
  process.exit(2)
}
const { json, dir } = values
await benchConvert({ big: values.big, runs, ...(json ? { json } : {}), ...(dir ? { dir } : {}) })
