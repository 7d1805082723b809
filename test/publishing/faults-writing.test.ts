import { expect, test } from 'vitest'
import { hubCalls } from '../../packages/twin/src/index.ts'
import { testFaults } from '../harness/fault-suite.ts'

/** What goes wrong while a publisher writes to the hub, and with its chunks. */
const writes = new Set(hubCalls.filter((call) => call.writes).map(({ name }) => name))
const steps = await testFaults(({ server, call }) => server !== 'hub' || writes.has(call))

test('what is written, in this order: chunks, flist, its name, links', () => {
  const written = steps
    .filter(({ server, call }) => (server === 'hub' ? writes.has(call) : call === 'SET'))
    .map(({ call }) => call)
  expect(written).toEqual(['SET', 'SET', 'upload-flist', 'rename', 'link', 'rename', 'link', 'rename'])
})
