import { describe, expect, test } from 'vitest'
import { decodeDirectory } from './directory-record.ts'
import { parseMessage, readData, readStruct, readStructList, readText, readUint32 } from './message-reader.ts'

type Word = readonly [low: number, high: number]

const NULL: Word = [0, 0]
const struct = (offset: number, data: number, pointers: number): Word => [offset << 2, (pointers << 16) | data]
const list = (offset: number, kind: number, count: number): Word => [(offset << 2) | 1, (count << 3) | kind]
const far = (segment: number, word: number, double = false): Word => [(word << 3) | (double ? 4 : 0) | 2, segment]
const tag = (count: number, data: number, pointers: number): Word => [count << 2, (pointers << 16) | data]
const text = (value: string): Word => {
  const bytes = Buffer.alloc(8)
  bytes.write(value)
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)]
}

/** A framed message of the given segments. */
function message(...segments: readonly (readonly Word[])[]): Buffer {
  const words: number[] = [segments.length - 1, ...segments.map(({ length }) => length)]
  if (words.length % 2 === 1) words.push(0)
  for (const segment of segments) for (const [low, high] of segment) words.push(low, high)
  const bytes = Buffer.alloc(words.length * 4)
  for (const [index, word] of words.entries()) bytes.writeInt32LE(word | 0, index * 4)
  return bytes
}

const parse = (...segments: readonly (readonly Word[])[]) => parseMessage(message(...segments), 'record')

describe('pointers', () => {
  test('a struct may lie before its pointer', () => {
    const root = parse([struct(0, 0, 2), struct(1, 1, 0), struct(-2, 1, 0), [7, 0]])
    expect(readUint32(readStruct(root, 0) ?? root, 0)).toBe(7)
  })

  test('a far pointer leads through a landing pad in another segment', () => {
    const root = parse([far(1, 1)], [[0, 0], struct(0, 1, 0), [42, 0]])
    expect(readUint32(root, 0)).toBe(42)
  })

  test('a double-far pointer has the object in a third segment', () => {
    const root = parse([struct(0, 0, 1), far(1, 0, true)], [far(2, 1), list(0, 2, 3)], [NULL, text('hi')])
    expect(readText(root, 0)).toBe('hi')
  })

  test('fields a writer did not know are 0, empty or not there', () => {
    const root = parse([struct(0, 0, 1), NULL])
    expect([readUint32(root, 0), readText(root, 0), readText(root, 5), readStruct(root, 0)]).toEqual([
      0,
      '',
      '',
      undefined,
    ])
    expect([...readStructList(root, 0)]).toEqual([])
  })

  test('fields a reader does not know are passed over', () => {
    const root = parse([struct(0, 0, 1), list(0, 7, 6), tag(2, 2, 1), [1, 0], [9, 9], NULL, [2, 0], [9, 9], NULL])
    expect(Array.from(readStructList(root, 0), (element) => readUint32(element, 0))).toEqual([1, 2])
  })
})

describe('hostile messages are corrupt', () => {
  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['a segment table longer than the message', Buffer.from('ffffffff00000000', 'hex')],
    ['five thousand segments', message(...Array.from({ length: 5000 }, () => [NULL]))],
    ['four billion segments', Buffer.from('feffffffffffffff', 'hex')],
    ['a segment longer than the message', Buffer.from('00000000ffffff7f0000000000000000', 'hex')],
    ['a null root', message([NULL])],
    ['an empty segment', message([])],
    ['a root outside', message([struct(1, 1, 0)])],
    ['a root before the segment', message([struct(-2, 1, 0), [1, 1]])],
    ['a list as root', message([list(0, 2, 1), NULL])],
    ['a capability as root', message([[3, 0]])],
    ['a far pointer to no segment', message([far(1, 0)])],
    ['a far pointer outside its segment', message([far(1, 9)], [NULL])],
    ['a far pointer to itself', message([far(0, 0)])],
    ['a double-far pointer to a struct', message([far(1, 0, true)], [struct(0, 1, 0), struct(0, 1, 0)])],
    ['a double-far pointer to another', message([far(0, 0, true), NULL])],
    ['a double-far pointer to a segment that is not there', message([far(1, 0, true)], [far(7, 0), struct(0, 1, 0)])],
  ])('%s', (_what, bytes) => {
    expect(() => parseMessage(bytes, 'record')).toThrow(expect.objectContaining({ code: 'corrupt' }))
  })

  test.each<[string, Word[]]>([
    ['a text outside', [list(0, 2, 800)]],
    ['a text without NUL', [list(0, 2, 8), [0x61616161, 0x61616161]]],
    ['words as text', [list(0, 5, 1), NULL]],
    ['a struct as text', [struct(0, 1, 0), NULL]],
  ])('%s', (_what, words) => {
    const root = parse([struct(0, 0, 1), ...words])
    expect(() => readText(root, 0)).toThrow(expect.objectContaining({ code: 'corrupt' }))
  })

  test.each<[string, Word[]]>([
    ['more elements than words', [list(0, 7, 1), tag(2, 1, 0), NULL]],
    ['half a billion elements of no size', [list(0, 7, 0), tag(2 ** 29 - 1, 0, 0)]],
    ['a list of bytes for structs', [list(0, 2, 8), NULL]],
    ['half a billion voids for structs', [list(0, 0, 2 ** 29 - 1)]],
  ])('%s', (_what, words) => {
    const root = parse([struct(0, 0, 1), ...words])
    expect(() => [...readStructList(root, 0)]).toThrow(expect.objectContaining({ code: 'corrupt' }))
  })

  test('many pointers to one text cost as much as many texts', () => {
    const shared = 10
    const pointers = Array.from({ length: shared }, (_, index) => list(shared - 1 - index, 2, 8 * 100))
    const root = parse([struct(0, 0, shared), ...pointers, ...Array.from({ length: 100 }, () => NULL)])
    const readAll = () => Array.from({ length: shared }, (_, index) => readData(root, index))
    expect(readAll).toThrow('record: has pointers that share or loop')
  })

  test('a struct that holds itself ends', () => {
    const root = parse([struct(0, 0, 1), struct(-1, 0, 1)])
    const descend = () => {
      for (let next = readStruct(root, 0); next !== undefined; ) next = readStruct(next, 0)
    }
    expect(descend).toThrow('share or loop')
  })
})

test('an error names the record', () => {
  expect(() => decodeDirectory(Buffer.alloc(8), 'directory record "ab"')).toThrow(
    'directory record "ab": has a pointer that leads outside; the flist is damaged, make or fetch it again',
  )
})
