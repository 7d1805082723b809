import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { findTool, runTool, type ToolOptions } from './tool.ts'

async function shell(script: string, options: Partial<ToolOptions> = {}) {
  const lines: string[] = []
  let output = ''
  const end = await runTool(['sh', '-c', script], {
    environment: { PATH: '/usr/bin:/bin' },
    onLine: (line) => lines.push(line),
    readOutput: async (stdout) => {
      output = await text(stdout)
    },
    ...options,
  })
  return { ...end, lines, output }
}

test('stdout goes to the reader, stderr comes line by line, the exit code is told', async () => {
  expect(await shell('echo out; echo one >&2; printf two >&2; exit 3')).toEqual({
    exitCode: 3,
    tail: ['one', 'two'],
    lines: ['one', 'two'],
    output: 'out\n',
  })
})

test('the environment is only what is given', async () => {
  const { output } = await shell('env', { environment: { PATH: '/usr/bin:/bin', A: 'b' } })
  expect(output.split('\n')).toContain('A=b')
  expect(output).not.toContain('HOME=')
})

test('the last twenty lines are kept, long ones shortened', async () => {
  const { tail } = await shell(
    'i=0; while [ $i -lt 99 ]; do echo $i >&2; i=$((i+1)); done; head -c 9999 /dev/zero | tr "\\0" x >&2',
  )
  expect(tail).toHaveLength(20)
  expect(tail.at(-2)).toBe('98')
  expect(tail.at(-1)).toBe('x'.repeat(4096))
})

test('a line without an end takes no memory', async () => {
  const { lines } = await shell('head -c 50000000 /dev/zero | tr "\\0" x >&2; echo >&2; printf "a\\r\\n\\nb\\rc" >&2')
  expect(lines).toEqual(['x'.repeat(4096), 'a', 'b', 'c'])
})

test('a program that is not there', async () => {
  const options = { environment: { PATH: '/nonexistent' }, onLine: () => {}, readOutput: async () => {} }
  await expect(runTool(['mmdebstrap'], options)).rejects.toMatchObject({ code: 'ENOENT' })
})

// In both the output ends only when the child that sleeps has let go of it: a minute later if nobody stopped it.
test('aborting stops what the program started, too, and lets it clean up', { timeout: 10_000 }, async () => {
  const controller = new AbortController()
  const script = `trap 'echo cleaned; exit 1' TERM; sh -c 'echo ready >&2; exec sleep 60' & wait`
  const { exitCode, output } = await shell(script, { signal: controller.signal, onLine: () => controller.abort() })
  expect({ exitCode, output }).toEqual({ exitCode: 1, output: 'cleaned\n' })
})

test('a program that does not stop is killed with what it started', { timeout: 10_000 }, async () => {
  const controller = new AbortController()
  const script = 'trap "" TERM; sleep 60 & echo ready >&2; wait'
  const { exitCode } = await shell(script, { signal: controller.signal, onLine: () => controller.abort(), grace: 100 })
  expect(exitCode).toBeUndefined()
})

test('a signal that is aborted already', async () => {
  expect(await shell('sleep 60', { signal: AbortSignal.abort() })).toMatchObject({ exitCode: undefined })
})

test('when its output can not be kept, the program is stopped', async () => {
  const readOutput = () => Promise.reject(new Error('disk full'))
  await expect(shell('sleep 60', { readOutput })).rejects.toThrow('disk full')
})

test('a tool is an executable file in one of the directories', async () => {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'plain'), '', { mode: 0o644 })
  await writeFile(join(folder.path, 'tool'), '', { mode: 0o755 })
  expect(await findTool('tool', ['/nonexistent', folder.path])).toBe(join(folder.path, 'tool'))
  expect(await findTool('plain', [folder.path])).toBeUndefined()
  expect(await findTool('nothing', [folder.path])).toBeUndefined()
})
