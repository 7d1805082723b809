import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createReplyReader, encodeCommand, RefusedReply, type Reply } from './resp.ts'

/** All replies in what arrives in these pieces. */
function read(pieces: readonly Buffer[], longest = 1000): (Reply | RefusedReply)[] {
  const replies: (Reply | RefusedReply)[] = []
  const take = createReplyReader(longest, (reply) => replies.push(reply))
  for (const piece of pieces) take(piece)
  return replies
}

test('a command is an array of values, long ones not copied', () => {
  const long = Buffer.alloc(2000, 'x')
  const pieces = encodeCommand(['SET', Buffer.from([0, 13, 10, 255]), long])
  expect(Buffer.concat(pieces).toString('latin1')).toBe(
    `*3\r\n$3\r\nSET\r\n$4\r\n\0\r\n\xff\r\n$2000\r\n${'x'.repeat(2000)}\r\n`,
  )
  expect(pieces).toContain(long)
  expect(encodeCommand(['AUTH', 'é']).join('')).toBe('*2\r\n$4\r\nAUTH\r\n$2\r\né\r\n')
})

const replies = fc.array(
  fc.oneof(
    fc.stringMatching(/^[ -~]{0,40}$/).map((text): [Buffer, Reply] => [Buffer.from(`+${text}\r\n`), text]),
    fc.maxSafeInteger().map((n): [Buffer, Reply] => [Buffer.from(`:${n % 1e15}\r\n`), n % 1e15]),
    fc.uint8Array({ maxLength: 300 }).map((bytes): [Buffer, Reply] => {
      const value = Buffer.from(bytes)
      return [Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]), value]
    }),
    fc.constant<[Buffer, Reply]>([Buffer.from('$-1\r\n'), null]),
  ),
)

test('replies are read in whatever pieces they arrive', () => {
  fc.assert(
    fc.property(replies, fc.array(fc.integer({ min: 1, max: 30 })), (all, cuts) => {
      const bytes = Buffer.concat(all.map(([sent]) => sent))
      const pieces: Buffer[] = []
      let at = 0
      for (const cut of cuts) {
        pieces.push(bytes.subarray(at, at + cut))
        at += cut
      }
      pieces.push(bytes.subarray(at))
      expect(read(pieces)).toEqual(all.map(([, reply]) => reply))
    }),
  )
})

test('a refusal is a reply', () => {
  const [reply] = read([Buffer.from('-No space left\r\n')])
  expect(reply).toBeInstanceOf(RefusedReply)
  expect(reply).toMatchObject({ message: 'No space left' })
})

test.each([
  ['another protocol', 'HTTP/1.1 400 Bad Request\r\n', 'it is no reply of a 0-db'],
  ['a number that is none', ':1e3\r\n', 'it is no reply of a 0-db'],
  ['a list', '*1\r\n:1\r\n', 'it is no reply of a 0-db'],
  ['a value of no length', '$-2\r\n', 'it is no reply of a 0-db'],
  ['a value that is too long', '$1001\r\n', 'a value of 1001 bytes'],
  ['a value with another end', '$3\r\nabcde\r\n', 'a value does not end where it should'],
  ['a line without an end', `+${'x'.repeat(70_000)}`, 'a line without an end'],
])('%s is refused', (_, text, problem) => {
  expect(() => read([Buffer.from(text)])).toThrow(problem)
})
