import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lockMachine } from './machine-lock.ts'

let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'machine-lock-'))
})
afterAll(() => rm(root, { recursive: true }))

test('a folder is one run’s at a time, by whatever name', async () => {
  const folder = join(root, 'vms', 'debian-12')
  const other = join(root, 'vms', 'other')
  await symlink(join(root, 'vms'), join(root, 'link'))
  {
    await using _lock = await lockMachine(folder)
    await expect(lockMachine(folder)).rejects.toMatchObject({
      code: 'busy',
      message: `${folder}: another run works in it; wait until it has ended, or use another work folder`,
    })
    await expect(lockMachine(join(root, 'link', 'debian-12'))).rejects.toMatchObject({ code: 'busy' })
    await using _other = await lockMachine(other)
  }
  await using _again = await lockMachine(folder)
})

test('a run that is killed leaves no lock', async () => {
  const folder = join(root, 'killed')
  const script = `
    const { lockMachine } = await import(${JSON.stringify(join(import.meta.dirname, 'machine-lock.ts'))})
    await lockMachine(${JSON.stringify(folder)})
    console.log('locked')
    setInterval(() => {}, 1000)`
  const run = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(run.stdout, 'data')
  await expect(lockMachine(folder)).rejects.toMatchObject({ code: 'busy' })
  run.kill('SIGKILL')
  await once(run, 'exit')
  await using _lock = await lockMachine(folder)
})
