import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { downloadFlist } from './address-download.ts'

const bytes = Buffer.from('a flist')
const seen: (string | undefined)[] = []
const server = createServer((request, response) => {
  seen.push(request.headers.authorization)
  if (request.url === '/hub/some.user/a b.flist.md5' || request.url === '/hub/some.user/a%20b.flist.md5') {
    response.end(`${createHash('md5').update(bytes).digest('hex')}\n`)
  } else if (request.url?.startsWith('/hub/some.user/a%20b.flist')) response.end(bytes)
  else response.writeHead(404).end()
})
let origin: string

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterAll(() => server.close())

async function download(address: string): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(downloadFlist(address)))
}

test('an address gives the bytes, without a token', async () => {
  expect((await download(`${origin}/hub/some.user/a%20b.flist`)).equals(bytes)).toBe(true)
  expect(seen.every((authorization) => authorization === undefined)).toBe(true)
})

test('a flist that is not there is an error', async () => {
  await expect(download(`${origin}/hub/some.user/none.flist`)).rejects.toMatchObject({ code: 'not-found' })
})

test.each(['http://hub', 'http://hub/name.flist', 'ftp://hub/user/name.flist', 'http://hub/user/name.flist?x'])(
  '%s is no such address',
  async (address) => {
    await expect(download(address)).rejects.toMatchObject({ code: 'bad-options' })
  },
)
