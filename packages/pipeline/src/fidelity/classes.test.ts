import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fidelityClasses, fidelityClassNames, parseFidelityClasses } from './classes.ts'

describe('classes', () => {
  test('without a choice are those of severity lost', () => {
    const lost = ['file-capabilities', 'acl', 'xattr', 'name-not-utf8', 'config-lost']
    expect([...parseFidelityClasses()]).toEqual(lost)
  })

  test('that are unknown are named, with all there are', () => {
    expect(() => parseFidelityClasses('acl,hardlink,toString')).toThrow(
      `no fidelity class "hardlink", "toString"; there are: ${fidelityClassNames.join(', ')}`,
    )
    expect(() => parseFidelityClasses('')).toThrow('no fidelity class ""')
  })

  test('are all in the README, as they are', async () => {
    const readme = await readFile(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8')
    const rows = readme.split('\n').flatMap((line) => {
      const cells = /^\| `([a-z0-9-]+)` +\| (lost|changed|note) +\| (.+?) *\|$/.exec(line)
      return cells ? [cells.slice(1)] : []
    })
    expect(rows).toEqual(
      fidelityClassNames.map((name) => [name, fidelityClasses[name].severity, fidelityClasses[name].meaning]),
    )
  })
})
