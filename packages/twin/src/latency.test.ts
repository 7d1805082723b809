import { expect, test } from 'vitest'
import { Faults } from './faults.ts'
import { call, request, talk, testTwin } from './test-twin.ts'

const USER = 'alice.3bot'

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const start = performance.now()
  const result = await work()
  return { ms: performance.now() - start, result }
}

test('each direction is delayed, and a new connection by a round trip more', async () => {
  const faults = new Faults()
  const twin = await testTwin({ faults })
  faults.setLatency({ request: 40, response: 20 })
  const hub = await timed(() => call(twin, '/api/flist/me', USER))
  expect(hub.result.status).toBe(200)
  expect(hub.ms).toBeGreaterThan(115)
  const gateway = await timed(() => talk(twin.gateway, request('PING')))
  expect(gateway.result).toBe('+PONG\r\n')
  expect(gateway.ms).toBeGreaterThan(115)
})

test('commands that are sent together are delayed together, not one after another', async () => {
  const faults = new Faults()
  const twin = await testTwin({ faults })
  faults.setLatency({ request: 10, response: 10 }, ['gateway'])
  const { ms, result } = await timed(() => talk(twin.gateway, request('PING').repeat(1000)))
  expect(result).toBe('+PONG\r\n'.repeat(1000))
  expect(ms).toBeGreaterThan(38)
  expect(ms).toBeLessThan(1000)
})

test('bytes come out in order and whole, whatever the delay does meanwhile', async () => {
  const faults = new Faults()
  const twin = await testTwin({ faults, backendPassword: 'secret' })
  const value = 'v'.repeat(3_000_000)
  faults.setLatency({ request: 30, response: 0 })
  const stored = talk(twin.backend, request('SELECT', 'default', 'secret') + request('SET', 'k', value))
  setTimeout(() => faults.setLatency({ request: 0, response: 1 }), 5)
  expect(await stored).toBe('+OK\r\n$1\r\nk\r\n')
  faults.setLatency({ request: 1, response: 3 })
  expect(await talk(twin.backend, request('GET', 'k'))).toBe(`$3000000\r\n${value}\r\n`)
})
