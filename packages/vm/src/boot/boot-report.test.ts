import { expect, test } from 'vitest'
import { type BootReport, junitReport } from './boot-report.ts'

const report: BootReport = {
  mode: 'vm',
  accelerator: { name: 'tcg', reason: 'no /dev/kvm' },
  outcome: 'failed',
  reason: 'port 80: exit code 1',
  stages: [],
  checks: [
    { name: 'command "a < b"', passed: true, detail: '', milliseconds: 1500 },
    { name: 'port 80', passed: false, detail: 'exit code 1: "no"', milliseconds: 20 },
  ],
  milliseconds: 61_234,
  console: [{ at: 500, text: 'Linux & \x1b more' }],
}

test('the start and each check are test cases', () => {
  expect(junitReport('debian-12', report)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="debian-12" tests="3" failures="1" time="61.234">
  <testcase classname="debian-12" name="starts as vm" time="61.234"/>
  <testcase classname="debian-12" name="command &quot;a &lt; b&quot;" time="1.500"/>
  <testcase classname="debian-12" name="port 80" time="0.020"><failure message="exit code 1: &quot;no&quot;"/></testcase>
  <system-out>[0.500] Linux &amp; ? more</system-out>
</testsuite>
`)
})

test('what did not start failed', () => {
  const junit = junitReport('x', { ...report, checks: [], outcome: 'timeout', reason: 'no login in 900 s' })
  expect(junit).toContain('failures="1"')
  expect(junit).toContain('name="starts as vm" time="61.234"><failure message="no login in 900 s"/></testcase>')
})
