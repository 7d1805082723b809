import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const packages = join(import.meta.dirname, '..', 'packages')
const leaves = ['recipe', 'engine', 'registry', 'rootfs', 'flist', 'hub', 'vm', 'twin']
const allowed: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(leaves.map((leaf) => [leaf, []])),
  pipeline: leaves.filter((leaf) => leaf !== 'twin'),
  cli: ['pipeline', ...leaves],
  action: ['pipeline'],
}

type Source = { readonly file: string; readonly text: string }

/** Sources of a package, without its tests. */
function sourcesOf(name: string): Source[] {
  return readdirSync(join(packages, name, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => ({
      file: `packages/${name}/src/${file}`,
      text: readFileSync(join(packages, name, 'src', file), 'utf8'),
    }))
}

function importsOf({ text }: Source): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, specifier]) => specifier ?? '')
}

test('every package is known to this test', () => {
  expect(readdirSync(packages).sort()).toEqual(Object.keys(allowed).sort())
})

test.each(Object.keys(allowed))('the README of %s has at most 60 lines', (name) => {
  expect(
    readFileSync(join(packages, name, 'README.md'), 'utf8')
      .trimEnd()
      .split('\n').length,
  ).toBeLessThanOrEqual(60)
})

test.each(Object.entries(allowed))('%s imports only what is below it', (name, below) => {
  for (const source of sourcesOf(name)) {
    const siblings = importsOf(source).filter((specifier) => specifier.startsWith('@tf-images/'))
    const wrong = siblings.filter((specifier) => !below.includes(specifier.split('/')[1] ?? ''))
    expect(wrong, source.file).toEqual([])
    expect(
      importsOf(source).filter((specifier) => /^(\.\.\/)+packages\//.test(specifier)),
      source.file,
    ).toEqual([])
  }
})

test.each(leaves.concat('pipeline'))('%s knows no environment, console or action toolkit', (name) => {
  for (const source of sourcesOf(name)) {
    expect(source.text, source.file).not.toMatch(/\bprocess\.(env|argv|exit|stdout|stderr)\b|\bconsole\./)
    expect(
      importsOf(source).filter((specifier) => specifier.startsWith('@actions/')),
      source.file,
    ).toEqual([])
  }
})

/** What a package is entered by, with the file that it leads to. */
function entriesOf(name: string): Readonly<Record<string, string>> {
  const { exports } = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'))
  return Object.fromEntries(
    Object.entries<string>(exports).map(([entry, file]) => [
      `@tf-images/${name}${entry.slice(1)}`,
      join(packages, name, file),
    ]),
  )
}

const entries = Object.assign({}, ...Object.keys(allowed).map(entriesOf)) as Readonly<Record<string, string>>

test.each(Object.keys(allowed))('%s enters others by what their package.json exports', (name) => {
  for (const source of sourcesOf(name)) {
    const siblings = importsOf(source).filter((specifier) => specifier.startsWith('@tf-images/'))
    expect(
      siblings.filter((specifier) => !(specifier in entries)),
      source.file,
    ).toEqual([])
  }
})

test.each(leaves.concat('pipeline'))('somebody enters %s by each of its exports', (name) => {
  const used = new Set(Object.keys(allowed).flatMap((each) => sourcesOf(each).flatMap(importsOf)))
  expect(Object.keys(entriesOf(name)).filter((entry) => !used.has(entry))).toEqual([])
})

/** What is read as soon as a file is: through all it imports, but for types and `import()`. Files, and names of npm's packages. */
function readWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(
    /^(?:import|export)(?! type)[^;'=]*? from '([^']+)'/gm,
  )) {
    const path = specifier.startsWith('.') ? join(file, '..', specifier) : entries[specifier]
    if (path === undefined) seen.add(specifier)
    else readWith(path, seen)
  }
  return seen
}

/** The packages, ours and npm's, that are read with an entry. */
function packagesReadWith(entry: string): string[] {
  const names = [...readWith(entries[entry] ?? entry)].map((path) =>
    path.startsWith(packages) ? `@tf-images/${path.slice(packages.length + 1).split('/')[0]}` : path,
  )
  return [...new Set(names)].filter((name) => !name.startsWith('node:')).sort()
}

test('texts, settings and errors of the pipeline are read without what does its work', () => {
  const index = [...readWith(entries['@tf-images/pipeline'] ?? '')]
  expect(packagesReadWith('@tf-images/pipeline')).toEqual(['@tf-images/pipeline', '@tf-images/registry'])
  expect(index).not.toContain(entries['@tf-images/registry'])
})

test('recipes are read without what reads all of YAML, and without what compares texts', () => {
  const read = packagesReadWith('@tf-images/recipe')
  expect(read).toContain('zod')
  for (const name of ['yaml', 'diff']) expect(read).not.toContain(name)
})

test('the command line reads no more than that before it knows the command', () => {
  const main = join(packages, 'cli', 'src', 'main.ts')
  expect(packagesReadWith(main)).toEqual(['@tf-images/cli', '@tf-images/pipeline', '@tf-images/registry', 'commander'])
})

test.each([
  ['@tf-images/pipeline/planning', ['engine', 'flist', 'rootfs', 'vm']],
  ['@tf-images/pipeline/status', ['engine', 'flist', 'rootfs', 'vm']],
  ['@tf-images/pipeline/lock', ['engine', 'flist', 'rootfs', 'vm', 'hub']],
  ['@tf-images/pipeline/reading', ['engine', 'rootfs', 'vm', 'recipe', 'hub', 'registry']],
  ['@tf-images/pipeline/publishing', ['engine', 'rootfs', 'vm', 'recipe']],
  ['@tf-images/pipeline/releases', ['engine', 'rootfs', 'vm', 'recipe']],
  ['@tf-images/pipeline/conversion', ['engine', 'vm', 'recipe', 'hub']],
  ['@tf-images/pipeline/verification', ['engine', 'vm', 'recipe', 'hub']],
])('%s is read without what it has no use for: %s', (entry, without) => {
  const read = packagesReadWith(entry)
  for (const name of without) expect(read).not.toContain(`@tf-images/${name}`)
})
