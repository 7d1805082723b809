import { expect, test } from 'vitest'
import { readFrames } from './output-frames.ts'

function frame(stream: 1 | 2, text: string): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([header, Buffer.from(text)])
}

const WHOLE = Buffer.concat([frame(1, 'one\n'), frame(2, 'zwölf\n'), frame(1, ''), frame(1, 'end')])

test.each([1, 3, 7, 8, 9, 1000])('output and errors are one text, in pieces of %i bytes', async (size) => {
  const pieces = Array.from({ length: Math.ceil(WHOLE.length / size) }, (_, index) =>
    WHOLE.subarray(index * size, (index + 1) * size),
  )
  expect(await readFrames(pieces, 100)).toBe('one\nzwölf\nend')
})

test('of more than is kept, the end', async () => {
  expect(await readFrames([frame(1, 'a'.repeat(1000)), frame(1, 'last')], 6)).toBe('aalast')
})
