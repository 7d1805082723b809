import { mkdtemp, open, rm, truncate } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { HubClient } from './hub-client.ts'
import { openUploadFile } from './upload-file.ts'

async function temporaryFile(size: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hub-upload-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await (await open(join(folder, 'file'), 'w')).close()
  await truncate(join(folder, 'file'), size)
  return join(folder, 'file')
}

test.each(['.flist', '.tar.gz'] as const)('every form has a random file name that ends in %s', async (ending) => {
  const file = await openUploadFile(await temporaryFile(3))
  onTestFinished(() => file.close())
  const names = new Set<string | undefined>()
  for (let at = 0; at < 5; at++) {
    const { headers, stream } = file.form(ending)
    const sent = Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Uint8Array>)).toString()
    expect(sent.length).toBe(Number(headers['content-length']))
    names.add(/filename="([0-9a-f-]{36}\S*)"/.exec(sent)?.[1])
  }
  expect(names.size).toBe(5)
  for (const name of names) expect(name?.endsWith(ending)).toBe(true)
})

test('a file that grew since it was opened is sent as it was', async () => {
  const path = await temporaryFile(10)
  const file = await openUploadFile(path)
  onTestFinished(() => file.close())
  await truncate(path, 20)
  const sent = Buffer.concat(await Array.fromAsync(file.form('.flist').stream as AsyncIterable<Uint8Array>))
  expect(sent.indexOf('\0'.repeat(10))).toBeGreaterThan(0)
  expect(sent.indexOf('\0'.repeat(11))).toBe(-1)
})

test('a file larger than the memory that is used for it', async () => {
  const size = 256 << 20
  let received = 0
  const before = process.memoryUsage().rss
  let most = 0
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      const isMe = request.url === '/api/flist/me'
      const body = isMe ? '{"status":"success","payload":{"username":"alice"}}' : '{"status":"error","message":"no"}'
      return void response.writeHead(isMe ? 200 : 404).end(body)
    }
    request.on('data', (bytes: Buffer) => {
      received += bytes.length
      most = Math.max(most, process.memoryUsage.rss() - before)
    })
    request.on('end', () => response.writeHead(500).end('{"status":"error","message":"enough"}'))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const hub = new HubClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'abc' })
  onTestFinished(async () => {
    await hub.close()
    server.close()
  })
  await expect(hub.uploadFlist(await temporaryFile(size), 'a.flist')).rejects.toMatchObject({ code: 'rejected' })
  expect(received).toBeGreaterThan(size)
  expect(most).toBeLessThan(size / 2)
})
