/** A bootstrap in a process of its own, to be killed: its arguments are a folder for everything and its output. */
import { bootstrapDebian } from '../src/bootstrap.ts'

const [, , temporary = '', output = ''] = process.argv
await bootstrapDebian({
  release: 'bookworm',
  components: ['main'],
  sourceDateEpoch: 0,
  temporary,
  output,
  onProgress: (line) => process.stdout.write(`${line}\n`),
})
