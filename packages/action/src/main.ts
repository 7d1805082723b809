import { setFailed } from '@actions/core'
import { errorText } from '@tf-images/pipeline'
import { readInputs } from './inputs.ts'
import { run } from './run.ts'

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort())

try {
  await run(readInputs(), interrupt.signal)
} catch (error) {
  setFailed(errorText(error))
}
