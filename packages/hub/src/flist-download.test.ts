import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { DownloadOptions } from './flist-download.ts'
import { HubClient } from './hub-client.ts'

const CONTENT = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 251))

/** How a server serves the file: as a hub does, unless told otherwise. */
type Server = {
  content: Buffer
  etag: string | undefined
  ranges: boolean
  /** After how many bytes of the body each answer breaks off, in turn. */
  cuts: (number | undefined)[]
  md5: string
  /** Called before each answer with how many there were. */
  before: (answers: number) => void
}

async function serving(changed: Partial<Server>) {
  const md5 = createHash('md5').update(CONTENT).digest('hex')
  const server: Server = { content: CONTENT, etag: '"1"', ranges: true, cuts: [], md5, before: () => {}, ...changed }
  const asked: string[] = []
  const http = createServer((request, response) => {
    if (request.url?.endsWith('.md5')) return void response.end(`${server.md5}\n`)
    server.before(asked.length)
    asked.push(
      `${request.headers.range ?? 'all'}${request.headers['if-range'] ? ` if ${request.headers['if-range']}` : ''}`,
    )
    answer(request, response, server)
  })
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  const hub = new HubClient({
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    attempts: 3,
    firstPause: 1,
  })
  onTestFinished(async () => {
    await hub.close()
    http.closeAllConnections()
    http.close()
  })
  const download = async (options?: DownloadOptions) =>
    Buffer.concat(await Array.fromAsync(hub.download('alice', 'a', options)))
  return { server, asked, download, hub }
}

function answer({ headers }: IncomingMessage, response: ServerResponse, { content, etag, ranges, cuts }: Server): void {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
  const isPart = ranges && from !== undefined && (headers['if-range'] === undefined || headers['if-range'] === etag)
  if (isPart && Number(from) >= content.length) return void response.writeHead(416).end()
  const start = isPart ? Number(from) : 0
  const end = isPart && to ? Math.min(Number(to) + 1, content.length) : content.length
  const cut = cuts.shift()
  response.writeHead(isPart ? 206 : 200, {
    'Content-Length': end - start,
    ...(etag === undefined ? {} : { ETag: etag }),
    ...(isPart ? { 'Content-Range': `bytes ${start}-${end - 1}/${content.length}` } : {}),
  })
  const body = content.subarray(start, end)
  if (cut === undefined) response.end(body)
  else response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 5))
}

test('a download that breaks is resumed where it broke, if it is still the same file', async () => {
  const { download, asked } = await serving({ cuts: [300, 200] })
  expect((await download()).equals(CONTENT)).toBe(true)
  expect(asked).toEqual(['all', 'bytes=300- if "1"', 'bytes=500- if "1"'])
})

test('a server without ranges sends it all again, and what was given already is left out', async () => {
  const { download, asked } = await serving({ cuts: [300, 400], ranges: false })
  expect((await download()).equals(CONTENT)).toBe(true)
  expect(asked).toHaveLength(3)
})

test('without an ETag the md5 of the hub tells', async () => {
  const { download, asked } = await serving({ cuts: [300], etag: undefined })
  expect((await download()).equals(CONTENT)).toBe(true)
  expect(asked).toEqual(['all', 'bytes=300-'])
})

test('a flist that was replaced meanwhile is an error, never a mixture', async () => {
  const { download, server } = await serving({ cuts: [300] })
  server.before = (answers) => {
    if (answers === 1) Object.assign(server, { content: Buffer.alloc(1000, 7), etag: '"2"' })
  }
  await expect(download()).rejects.toMatchObject({ code: 'mismatch', message: expect.stringContaining('was replaced') })
})

test('a flist that was replaced by a shorter one is the same error', async () => {
  const { download, server } = await serving({ cuts: [300], etag: undefined })
  server.before = (answers) => {
    if (answers === 1) server.content = Buffer.alloc(10)
  }
  await expect(download()).rejects.toMatchObject({ code: 'mismatch', status: 416 })
})

test('other bytes than the hub says are an error at the end', async () => {
  const { download } = await serving({ md5: 'f'.repeat(32) })
  await expect(download()).rejects.toMatchObject({ code: 'mismatch', message: expect.stringContaining('the hub said') })
})

test('a connection that always breaks is given up, in the end', async () => {
  const { download, asked } = await serving({ cuts: [300, 0, 0, 0, 0] })
  await expect(download()).rejects.toMatchObject({ code: 'network' })
  expect(asked).toHaveLength(3)
})

test.each([
  [{ start: 10, end: 20 }, 'bytes=10-19', 10],
  [{ start: 0, end: 1 }, 'bytes=0-0', 1],
  [{ start: 990 }, 'bytes=990-', 10],
  [{ start: 990, end: 5000 }, 'bytes=990-4999', 10],
])('the range %o is asked for as %s', async (range, asked, length) => {
  for (const ranges of [true, false]) {
    const served = await serving({ ranges })
    const bytes = await served.download({ range })
    expect(bytes.equals(CONTENT.subarray(range.start, range.start + length))).toBe(true)
    expect(served.asked).toEqual([asked])
  }
})

test('a part that breaks is resumed too', async () => {
  const { download, asked } = await serving({ cuts: [30] })
  expect((await download({ range: { start: 100, end: 200 } })).equals(CONTENT.subarray(100, 200))).toBe(true)
  expect(asked).toEqual(['bytes=100-199', 'bytes=130-199 if "1"'])
})

test.each([{ start: -1 }, { start: 5, end: 5 }, { start: 1.5 }, { start: 1000 }])(
  '%o is no range of it',
  async (range) => {
    const { download } = await serving({})
    await expect(download({ range })).rejects.toMatchObject({ code: 'bad-options' })
  },
)

test('whoever stops reading leaves no connection', async () => {
  const { hub } = await serving({ content: Buffer.alloc(20_000_000) })
  for await (const bytes of hub.download('alice', 'a')) {
    expect(bytes.length).toBeGreaterThan(0)
    break
  }
})
