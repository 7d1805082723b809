import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LONGEST_VALUE, RequestReader } from './redis-requests.ts'
import { request } from './test-twin.ts'

const read = (reader: RequestReader, bytes: string): string[][] =>
  [...reader.push(Buffer.from(bytes, 'latin1'))].map((parts) => parts.map((part) => part.toString('latin1')))

test('requests come out whole, however the stream is cut', () => {
  const parts = fc.array(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    { minLength: 1 },
  )
  fc.assert(
    fc.property(fc.array(parts), fc.array(fc.nat(40)), (requests, cuts) => {
      const stream = requests.map((each) => request(...each)).join('')
      const reader = new RequestReader()
      const got: string[][] = []
      let at = 0
      for (const cut of cuts) {
        got.push(...read(reader, stream.slice(at, at + cut)))
        at += cut
      }
      got.push(...read(reader, stream.slice(at)))
      expect(got).toEqual(requests.map((each) => each.map((part) => part.toString('latin1'))))
    }),
  )
})

test.each([
  ['PING\r\n', 'malformed', 'Malformed request, array expected'],
  ['GET / HTTP/1.1\r\n', 'malformed', 'Malformed request, array expected'],
  ['*-1\r\n', 'malformed', 'Malformed request, array expected'],
  ['x'.repeat(100), 'malformed', 'Malformed request, array expected'],
  ['*1025\r\n', 'malformed', 'Too many arguments'],
  ['*1\r\n:1\r\n', 'malformed', 'Malformed query string'],
  ['*1\r\n*1\r\n', 'malformed', 'Malformed query string'],
  ['*1\r\n$-1\r\n', 'malformed', 'Malformed query string'],
  [`*1\r\n$${LONGEST_VALUE + 1}\r\n`, 'too-big', 'Payload too big'],
])('%j is refused', (bytes, code, message) => {
  expect(() => read(new RequestReader(), bytes)).toThrow(expect.objectContaining({ code, message }))
})

test('a request is bounded as a whole before its bytes arrive', () => {
  const reader = new RequestReader()
  const value = 'v'.repeat(LONGEST_VALUE)
  expect(read(reader, `*3\r\n$3\r\nSET\r\n$${value.length}\r\n${value}\r\n`)).toEqual([])
  expect(() => read(reader, '$8388608\r\n')).toThrow('Payload too big')
})

test('an empty array is passed over', () => {
  expect(read(new RequestReader(), `*0\r\n${request('PING')}`)).toEqual([['PING']])
})
