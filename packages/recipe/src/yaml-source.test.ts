import { describe, expect, test } from 'vitest'
import { readYaml } from './yaml-source.ts'

const TEXT = `# a file
list:
  - one
  - key: value
text: |
  first
    second
quoted: "a b"
folded: >-
  x
  y
empty:
`

async function read(text: string) {
  const problems: string[] = []
  const source = await readYaml('f.yaml', text, ({ line, column }, message) => {
    problems.push(`${line}:${column}: ${message}`)
  })
  return { source, problems }
}

describe('places', async () => {
  const { source } = await read(TEXT)
  const short = (location?: { line: number; column: number }) => `${location?.line}:${location?.column}`

  test.each([
    [['list', 0], '3:5'],
    [['list', 1, 'key'], '4:10'],
    [['list', 1, 'missing'], '4:5'],
    [['empty'], '12:7'],
    [[], '2:1'],
  ])('of %j', (path, place) => {
    expect(short(source?.at(path))).toBe(place)
  })

  test('of keys', () => {
    expect(short(source?.atKey(['list', 1, 'key']))).toBe('4:5')
    expect(short(source?.atKey(['folded']))).toBe('9:1')
  })

  test.each([
    [['text'], 1, 1, '6:3'],
    [['text'], 2, 3, '7:5'],
    [['quoted'], 1, 3, '8:12'],
    [['list', 0], 1, 2, '3:6'],
    [['folded'], 1, 2, '9:9'],
  ])('inside of %j at %i:%i', (path, line, column, place) => {
    expect(short(source?.within(path, line, column))).toBe(place)
  })
})

describe('what is not YAML', () => {
  test.each([
    ['a: 1\nb: [\n', '3:1: YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ['a: 1\na: 2\n', '2:1: YAML: Map keys must be unique'],
    ['a: !thing 1\n', '1:4: YAML: Unresolved tag: !thing'],
    ['a: *x\n', '1:4: YAML: no anchor "x" before its alias'],
    ['a: 1\n---\nb: 2\n', expect.stringContaining('multiple documents')],
    ['a: "b\n', expect.stringContaining('Missing closing "quote')],
    ['\ta: 1', expect.stringContaining('YAML: ')],
  ])('%j', async (text, problem) => {
    const { source, problems } = await read(text)
    expect(source).toBeUndefined()
    expect(problems[0]).toEqual(problem)
  })

  test('aliases that would exhaust memory', async () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
    for (const [index, name] of ['b', 'c', 'd', 'e'].entries()) {
      const inner = `*${'abcd'[index]}`
      bomb.push(`${name}: &${name} [${Array(10).fill(inner).join(',')}]`)
    }
    const { problems } = await read(bomb.join('\n'))
    expect(problems).toEqual([expect.stringContaining('alias')])
  })
})
