import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readAnyYaml } from './any-yaml.ts'
import { readPlainSource } from './plain-source.ts'
import type { YamlPath, YamlSource } from './yaml-source.ts'

const SAMPLES = [
  'a: 1\nb: text with words # and a comment\nc: "quoted \\"text\\""\nd: \'it\'\'s\'\n',
  '# a comment\nlist:\n- one\n- two: 2\n  three: [a, "b", { c: d }]\n\nmap:\n  inner:\n    - - x\n    - y: z\nlast: true\n',
  'step: |\n  first line\n    further right\n\n  last line\nfolded: >-\n  some words\n  and more\n\n  a paragraph\nend: 0\n',
  'flow: {\n    a: [1, 2,\n      3],\n    b: {},\n  }\nbase: debian:12\nurl: http://example.org/#x\nurl:x: y\n',
  'a:\n  {\n    b: 1,\n    c: [d: { e: 1.2.3 }, f: g, "h"],\n  }\ni:\n  # why\n  [j]\nk:\n  - l:\n      { m: n }\n',
  'a: 127.0.0.1\nb: 3.26.0\nc: 1024x768\nd: 7a77822ab5e0\ne: [00112233ee, 1_000, 1.2-3]\nf: 12h\ng: 0.1.0-rc1\n',
  'a: ~\nb: null\nc: 0644\nd: -1\ne: 1.5\nf: .inf\ng: 0x1f\nh: yes\ni: 1_000\nj: -e\nk: --flag\nl: 2024-01-31\nm: 1e3\n',
]

function* pathsOf(value: unknown, path: YamlPath = []): Generator<YamlPath> {
  yield path
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value))
    yield* pathsOf(inner, [...path, Array.isArray(value) ? Number(key) : key])
}

/** All that a source tells: its value and every place in it. */
function toldBy(source: YamlSource | undefined): unknown {
  if (!source) return undefined
  const places = [...pathsOf(source.value)].map((path) => [
    path,
    source.at(path),
    source.at([...path, 'other']),
    source.atKey(path),
    source.within(path, 1, 3),
    source.within(path, 2, 1),
  ])
  return { value: source.value, places }
}

/** What is read here is what the complete reader says; it may leave anything to that. Answers whether it did not. */
function compare(text: string): boolean {
  const plain = readPlainSource('f.yaml', text)
  if (plain === undefined) return false
  const faults: string[] = []
  const complete = readAnyYaml('f.yaml', text, (_, message) => faults.push(message))
  expect(faults, text).toEqual([])
  expect(toldBy(plain), text).toEqual(toldBy(complete))
  return true
}

test.each(SAMPLES.slice(0, -1))('reads a usual text as the complete reader does: %j', (text) => {
  expect(compare(text)).toBe(true)
})

test('reads the definitions of this repository as the complete reader does', () => {
  const folder = join(import.meta.dirname, '../../../recipes')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?:recipes|image|snippet)\.yaml$/.test(file),
  )
  const others = files.filter((file) => !compare(readFileSync(join(folder, file), 'utf8')))
  // One would have every plan load the complete reader, for a fifth of its time.
  expect(others).toEqual([])
})

test.each([
  ['an anchor', 'a: &x 1\nb: *x\n'],
  ['a tag', 'a: !!str 1\n'],
  ['a key twice', 'a: 1\na: 2\n'],
  ['documents', '---\na: 1\n'],
  ['a text over lines', 'a: one\n  two\n'],
  ['a tab', 'a:\tb\n'],
  ['a merge key', '<<: { a: 1 }\n'],
  ['the prototype', '__proto__: { a: 1 }\n'],
  ['an empty value', 'a:\nb: 1\n'],
  ['bad indentation', 'a:\n    b: 1\n  c: 2\n'],
  ['brackets further left', 'a: [\n1]\n'],
  ['a colon in a text', 'a: b: c\n'],
  ['much depth', `a: ${'['.repeat(50)}${']'.repeat(50)}\n`],
])('leaves %s to the complete reader', (_, text) => {
  expect(readPlainSource('f.yaml', text)).toBeUndefined()
})

test('reads what is written of any value as the complete reader does', () => {
  const options = fc.record({
    indent: fc.constantFrom(2, 4),
    indentSeq: fc.boolean(),
    lineWidth: fc.constantFrom(0, 20, 80),
    collectionStyle: fc.constantFrom('any' as const, 'flow' as const, 'block' as const),
  })
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('- a', 'a: b', '#', 'true', '1.0', 'two\nlines\n', '', ' x ', "it's"),
  )
  const value = fc.letrec((tie) => ({
    node: fc.oneof({ depthSize: 'small' }, text, fc.integer(), fc.boolean(), tie('list'), tie('map')),
    list: fc.array(tie('node'), { maxLength: 4 }),
    map: fc.dictionary(fc.oneof(fc.stringMatching(/^[a-z_][a-z0-9_./:-]{0,8}$/), text), tie('node'), { maxKeys: 4 }),
  })).map
  fc.assert(fc.property(value, options, (value, options) => void compare(stringify(value, options))))
})

test('leaves what is wrong to the complete reader, wherever a text was changed', () => {
  const piece = fc.constantFrom(...'\n :-#,[]{}"\'|>&*!%@`~?ab01.\\\t', '\n  ', ': ', ' #', '- ', '\n- ', '\n\n', '---')
  const change = fc.record({ at: fc.nat(), remove: fc.nat(3), insert: fc.option(piece) })
  const changes = fc.array(change, { minLength: 1, maxLength: 3 })
  const property = fc.property(fc.constantFrom(...SAMPLES), changes, (sample, changes) => {
    const text = changes.reduce((text, { at, remove, insert }) => {
      const place = at % (text.length + 1)
      return text.slice(0, place) + (insert ?? '') + text.slice(place + remove)
    }, sample)
    compare(text)
  })
  fc.assert(property, { numRuns: 1000 })
})
