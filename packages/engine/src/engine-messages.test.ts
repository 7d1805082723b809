import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type EngineMessage, readMessages } from './engine-messages.ts'

const attempt = { code: 'push-failed', object: 'host/name:1', address: { socketPath: '/s' }, remedy: 'look' } as const

async function collect(stream: Readable): Promise<EngineMessage[]> {
  const seen: EngineMessage[] = []
  for await (const message of readMessages(stream, attempt)) seen.push(message)
  return seen
}

async function read(chunks: readonly (string | Uint8Array)[]): Promise<EngineMessage[]> {
  return collect(Readable.from(chunks))
}

test.each<[string, string, EngineMessage[]]>([
  ['CRLF and empty lines', '{"stream":"a"}\r\n\r\n{"stream":"b"}\n', [{ stream: 'a' }, { stream: 'b' }]],
  ['a last line without an end', '{"stream":"a"}', [{ stream: 'a' }]],
  [
    'progress',
    '{"status":"Pushing","id":"x","progressDetail":{"current":1,"total":2}}\n',
    [{ status: 'Pushing', id: 'x', current: 1, total: 2 }],
  ],
  [
    'an error with an exit code',
    '{"errorDetail":{"code":7,"message":"m"},"error":"m"}\n',
    [{ error: { message: 'm', exitCode: 7 } }],
  ],
  ['an error of old engines', '{"error":"m"}\n', [{ error: { message: 'm' } }]],
  ['fields of other types', '{"stream":1,"aux":[],"progressDetail":null,"id":{}}\n', [{}]],
])('%s', async (_name, text, expected) => {
  expect(await read([text])).toEqual(expected)
})

test.each([
  ['cut off', '{"stream":"a"}\n{"stre', '"{\\"stre"'],
  ['not JSON', '<html>\n', '"<html>"'],
  ['not an object', '[1]\n', '"[1]"'],
])('%s', async (_name, text, start) => {
  await expect(read([text])).rejects.toMatchObject({
    code: 'push-failed',
    message: `host/name:1: the engine's answer is cut off or is not JSON, at ${start}; see the engine's log, it may have been stopped`,
  })
})

test('a line that never ends is not kept', async () => {
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(64 * 1024, 'x')
    })(),
  )
  await expect(collect(endless)).rejects.toMatchObject({ code: 'push-failed' })
})

test('where the bytes are cut makes no difference', async () => {
  const text = ['{"stream":"ü→𝄞\\n"}', '{"status":"Pushed","id":"a"}', ''].join('\r\n')
  const whole = await read([text])
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: Buffer.byteLength(text) })), async (cuts) => {
      const bytes = Buffer.from(text)
      const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      expect(await read(edges.slice(1).map((end, index) => bytes.subarray(edges[index], end)))).toEqual(whole)
    }),
  )
})
