import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { collectAnswer } from './collected-body.ts'

/** Asks a server of its own; the listener may leave the answer open. */
async function ask(listener: RequestListener, limit: number, signal?: AbortSignal) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent()
  onTestFinished(async () => {
    await agent.destroy()
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return collectAnswer(agent, { origin, path: '/', method: 'GET' }, limit, signal)
}

test('a body that comes in parts is put together', async () => {
  const answer = await ask((_, response) => {
    response.writeHead(404, { 'x-name': 'value' })
    response.write('one ')
    response.end('two')
  }, 7)
  expect(answer).toMatchObject({ status: 404, isWhole: true, headers: { 'x-name': 'value' } })
  expect(answer.bytes.toString()).toBe('one two')
})

test.each([
  ['says so', { 'content-length': '100000000' }],
  ['does not say so', {}],
])('a body that is too long and %s is cut off', async (_, headers) => {
  const answer = await ask((_, response) => {
    response.writeHead(200, headers)
    response.write('x'.repeat(1000))
  }, 100)
  expect(answer.isWhole).toBe(false)
  expect(answer.bytes.length).toBeLessThanOrEqual(100)
})

test('a connection that is cut is an error', async () => {
  const cut = ask((_, response) => {
    response.writeHead(200, { 'content-length': '10' })
    response.write('half', () => response.destroy())
  }, 100)
  await expect(cut).rejects.toThrow('other side closed')
})

test.each(['before it is sent', 'while the answer comes in'])(
  'a request that is aborted %s ends with the reason',
  async (when) => {
    const stop = new AbortController()
    if (when === 'before it is sent') stop.abort(new Error('stopped'))
    const listener: RequestListener = (_, response) => {
      response.writeHead(200)
      response.write('half', () => stop.abort(new Error('stopped')))
    }
    await expect(ask(listener, 100, stop.signal)).rejects.toThrow('stopped')
  },
)
