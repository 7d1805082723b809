import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAhead } from './read-ahead.ts'

const turns = async (count = 20) => {
  for (let i = 0; i < count; i++) await setImmediate()
}

/** A source that counts what was asked of it. */
function counting(pieces: number, size = 10) {
  const state = { given: 0, closed: false }
  async function* source() {
    try {
      for (; state.given < pieces; state.given++) yield new Uint8Array(size).fill(state.given)
    } finally {
      state.closed = true
    }
  }
  return { state, source: source() }
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

test('it reads before anyone asks, up to the limit and no further', async () => {
  const { state, source } = counting(100)
  const ahead = readAhead(source, 45)
  await turns()
  expect(state.given).toBe(4)
  expect(await collect(ahead)).toHaveLength(1000)
  expect(state).toEqual({ given: 100, closed: true })
})

test('all bytes arrive in their order, whatever the pieces and the limit', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 20 })),
      fc.integer({ min: 1, max: 50 }),
      async (parts, limit) => {
        async function* source() {
          for (const part of parts) {
            if (part.length % 3 === 0) await setImmediate()
            yield part
          }
        }
        expect(await collect(readAhead(source(), limit))).toEqual(Buffer.concat(parts))
      },
    ),
  )
})

test('a piece is given back to the source when the next one is asked for', async () => {
  const given: number[] = []
  const giveBack = ([number]: Uint8Array) => void given.push(number ?? -1)
  const ahead = readAhead(Object.assign(counting(3).source, { giveBack }), 100)[Symbol.asyncIterator]()
  await turns()
  await ahead.next()
  expect(given).toEqual([])
  await ahead.next()
  expect(given).toEqual([0])
  while (!(await ahead.next()).done);
  expect(given).toEqual([0, 1, 2])
})

test('an error of the source comes behind the bytes before it, and is no unhandled rejection until then', async () => {
  async function* source() {
    yield Buffer.from('whole')
    throw new Error('digest is wrong')
  }
  const ahead = readAhead(source(), 100)
  await turns()
  const seen: string[] = []
  const reading = (async () => {
    for await (const part of ahead) seen.push(Buffer.from(part).toString())
  })()
  await expect(reading).rejects.toThrow('digest is wrong')
  expect(seen).toEqual(['whole'])
})

test.each([
  ['closed', async (ahead: ReturnType<typeof readAhead>) => ahead.close()],
  [
    'left in the middle',
    async (ahead: ReturnType<typeof readAhead>) => {
      for await (const _ of ahead) break
    },
  ],
])('a source that is %s is ended', async (_, leave) => {
  const { state, source } = counting(100)
  const ahead = readAhead(source, 45)
  await turns()
  await leave(ahead)
  await turns()
  expect(state.closed).toBe(true)
  expect(state.given).toBeLessThan(10)
})
