import { expect, test } from 'vitest'
import { hubCalls } from '../../packages/twin/src/index.ts'
import { testFaults } from '../harness/fault-suite.ts'

/** What goes wrong while a publisher looks at the hub. */
const writes = new Set(hubCalls.filter((call) => call.writes).map(({ name }) => name))
const steps = await testFaults(({ server, call }) => server === 'hub' && !writes.has(call))

test('a publication looks before it writes, and at what it wrote', () => {
  const calls = steps.filter(({ server }) => server === 'hub').map(({ call }) => call)
  expect(calls[0]).toBe('account')
  expect(calls.slice(0, calls.indexOf('upload-flist'))).toEqual(expect.arrayContaining(['light', 'list']))
  expect(calls.slice(calls.indexOf('upload-flist'), calls.indexOf('rename'))).toContain('download')
  expect(calls.slice(calls.lastIndexOf('rename'))).toContain('download')
})
