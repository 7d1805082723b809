import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BuildInputs, buildIdOf, inputsLabel, parseInputsLabel } from './build-inputs.ts'
import { inputChanges } from './input-changes.ts'

const inputs: BuildInputs = {
  context: 'a'.repeat(64),
  base: { name: 'debian:12', digest: 'sha256:b' },
  platform: 'linux/amd64',
  arguments: { SHA256_TOOL_1_AMD64: 'c' },
  snippets: { sshd: '1.2', motd: '' },
  converter: '2',
  builder: '1',
  files: { 'recipes/images/x/image.yaml': '1' },
}

describe('the build id', () => {
  test('is the same for equal inputs, in whatever order they are named', () => {
    const { files, builder, ...rest } = inputs
    expect(buildIdOf({ files, builder, ...rest, snippets: { motd: '', sshd: '1.2' } })).toBe(buildIdOf(inputs))
  })

  test.each<Partial<BuildInputs>>([
    { context: 'd' },
    { base: { name: 'debian:12', digest: 'sha256:c' } },
    { platform: 'linux/arm64' },
    { arguments: { SHA256_TOOL_1_AMD64: 'd' } },
    { arguments: {} },
    { snippets: { sshd: '1.3', motd: '' } },
    { converter: '3' },
    { builder: '2' },
    { startupToml: true },
    { images: { 'golang:1.22': 'sha256:e' } },
  ])('changes with %o', (change) => {
    expect(buildIdOf({ ...inputs, ...change })).not.toBe(buildIdOf(inputs))
  })

  test.each<Partial<BuildInputs>>([
    { files: { 'recipes/images/x/image.yaml': '2' } },
    { base: { name: 'debian:bookworm', digest: 'sha256:b' } },
  ])('does not change with %o, which changes no byte', (change) => {
    expect(buildIdOf({ ...inputs, ...change })).toBe(buildIdOf(inputs))
  })
})

describe('the label', () => {
  test('says the inputs', () => {
    expect(parseInputsLabel(inputsLabel(inputs))).toEqual(inputs)
  })

  test.each([
    undefined,
    '',
    '[]',
    '{}',
    'null',
    inputsLabel(inputs).slice(1),
    inputsLabel(inputs).replace('"sha256:b"', '1'),
    inputsLabel(inputs).replace('"1.2"', '{}'),
  ])('of somebody else is none: %s', (label) => {
    expect(parseInputsLabel(label)).toBeUndefined()
  })

  test('may hold anything', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (label) => {
        expect(parseInputsLabel(label)).toBeUndefined()
      }),
    )
  })
})

describe('what changed, in words', () => {
  const names = { downloads: new Map([['SHA256_TOOL_1_AMD64', 'https://example.org/tool']]), hasParent: false }
  const other = { context: 'd' }

  test.each<[Partial<BuildInputs>, string[]]>([
    [{ base: { name: 'debian:12', digest: 'sha256:c' } }, ['base debian:12 moved']],
    [{ base: { name: 'debian:13', digest: 'sha256:c' } }, ['base debian:12 → debian:13']],
    [{ ...other, snippets: { sshd: '1.3', motd: '' } }, ['snippet sshd 1.2 → 1.3']],
    [{ ...other, snippets: { sshd: '1.2', motd: '1' } }, ['snippet motd without a version → 1']],
    [{ ...other, snippets: { sshd: '1.2' } }, ['snippet motd is not in it any more']],
    [{ ...other, snippets: { ...inputs.snippets, ufw: '1.0' } }, ['snippet ufw 1.0 is new in it']],
    [{ arguments: { SHA256_TOOL_1_AMD64: 'd' } }, ['the lock has another hash of https://example.org/tool']],
    [{ ...other, files: { 'recipes/images/x/image.yaml': '2' } }, ['file recipes/images/x/image.yaml changed']],
    [{ ...other, files: {} }, ['file recipes/images/x/image.yaml is gone']],
    [{ converter: '3' }, ['converter 2 → 3']],
    [{ builder: '2' }, ['builder 1 → 2']],
    [{ platform: 'linux/arm64' }, ['platform linux/amd64 → linux/arm64']],
    [{ startupToml: true }, ['/.startup.toml not added → added']],
    [other, ['this version of flist renders it in another way']],
  ])('%o', (change, texts) => {
    expect(inputChanges(inputs, { ...inputs, ...change }, names).map(({ text }) => text)).toEqual(texts)
  })

  test('of the images of a Dockerfile are those that moved; what it names anew its file tells', () => {
    const before = { ...inputs, images: { 'debian:12': 'sha256:b', 'golang:1.22': 'sha256:e', old: 'sha256:f' } }
    const now = { ...inputs, images: { 'debian:12': 'sha256:b', 'golang:1.22': 'sha256:g', new: 'sha256:f' } }
    expect(inputChanges(before, now, names)).toEqual([
      { kind: 'base', text: 'golang:1.22, which a stage takes, moved' },
    ])
  })

  test('a parent was built again', () => {
    const now = { ...inputs, base: { name: 'base', digest: 'sha256:c' } }
    const before = { ...inputs, base: { name: 'base', digest: 'sha256:b' } }
    expect(inputChanges(before, now, { ...names, hasParent: true })).toEqual([
      { kind: 'parent', text: 'base, which it is built on, was built again' },
    ])
  })

  test('files of a snippet whose version tells it are not named, and of many files only some', () => {
    const files = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`recipes/images/x/${index}`, '1']))
    const now = { ...inputs, ...other, snippets: { ...inputs.snippets, sshd: '2.0' } }
    const texts = inputChanges(inputs, { ...now, files: { ...files, 'recipes/snippets/sshd/a': '1' } }, names)
    expect(texts.map(({ text }) => text)).toEqual([
      'snippet sshd 1.2 → 2.0',
      'file recipes/images/x/0 is new',
      'file recipes/images/x/1 is new',
      'file recipes/images/x/2 is new',
      'file recipes/images/x/3 is new',
      'file recipes/images/x/4 is new',
      '5 more files changed',
    ])
  })
})
