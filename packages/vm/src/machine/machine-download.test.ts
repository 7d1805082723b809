import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { prepareSteps } from './machine-download.ts'
import type { MachineDownload } from './machine-step.ts'

const content = 'a tool\n'
const sha256 = createHash('sha256').update(content).digest('hex')

/** Serves one file, and counts how often. */
async function serve(): Promise<{ readonly url: string; requests: number }> {
  const server = createServer((request, response) => {
    state.requests++
    response.statusCode = request.url === '/tool' ? 200 : 404
    response.end(request.url === '/tool' ? content : '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const state = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: 0 }
  return state
}

function download(url: string, hash = sha256): MachineDownload {
  return { kind: 'download', url, sha256: hash, target: '/opt/tool', mode: 0o755, place: 'a.yaml:3:5' }
}

test('a file is loaded once, checked, and kept by its hash; one that was damaged is loaded again', async () => {
  await using folder = await temporaryFolder()
  const server = await serve()
  const step = download(`${server.url}/tool`)
  const file = { kind: 'file', target: '/a', mode: 0o644, content: Buffer.from('a') } as const
  const prepared = await prepareSteps([file, step], { folder: join(folder.path, 'new') })
  const path = join(folder.path, 'new', sha256)
  expect(prepared).toEqual([file, { ...step, path }])
  expect(await readFile(path, 'utf8')).toBe(content)
  await prepareSteps([step], { folder: join(folder.path, 'new') })
  expect(server.requests).toBe(1)
  await writeFile(path, 'damaged')
  await prepareSteps([step], { folder: join(folder.path, 'new') })
  expect([server.requests, await readFile(path, 'utf8')]).toEqual([2, content])
})

test('another hash, with the place that asks for it and what there is; nothing is kept', async () => {
  await using folder = await temporaryFolder()
  const { url } = await serve()
  const wanted = 'ab'.repeat(32)
  await expect(prepareSteps([download(`${url}/tool`, wanted)], { folder: folder.path })).rejects.toMatchObject({
    code: 'download-failed',
    place: 'a.yaml:3:5',
    message: `a.yaml:3:5: what is at ${url}/tool has the SHA-256 ${sha256}, not ${wanted}; check the address, then the hash`,
  })
  expect(await readdir(folder.path)).toEqual([])
})

test('nothing at the address', async () => {
  await using folder = await temporaryFolder()
  const { url } = await serve()
  await expect(prepareSteps([download(`${url}/none`)], { folder: folder.path })).rejects.toMatchObject({
    code: 'download-failed',
    message: expect.stringMatching(/^a\.yaml:3:5: .*\/none could not be loaded after ".*404.*"; check the address/),
  })
})
