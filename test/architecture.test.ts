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
    const wrong = siblings.filter((specifier) => !below.includes(specifier.replace('@tf-images/', '')))
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

test.each(Object.keys(allowed))('%s is entered by its index alone', (name) => {
  for (const source of sourcesOf(name)) {
    const deep = importsOf(source).filter((specifier) => /^@tf-images\/[^/]+\//.test(specifier))
    expect(deep, source.file).toEqual([])
  }
})

/** The packages whose code is read as soon as a file is: through all it imports, but for types and `import()`. */
function packagesReadWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  for (const [, specifier = ''] of text.matchAll(/^(?:import|export)(?! type)[^;'=]*? from '([^']+)'/gm)) {
    if (specifier.startsWith('.')) packagesReadWith(join(file, '..', specifier), seen)
    else seen.add(specifier)
  }
  return seen
}

test('who converts or reads a flist need not read engine, recipes and machines first', () => {
  const read = packagesReadWith(join(packages, 'pipeline', 'src', 'index.ts'))
  expect(read).toContain('@tf-images/flist')
  for (const heavy of ['engine', 'recipe', 'vm']) expect(read).not.toContain(`@tf-images/${heavy}`)
})
