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
      `no fidelity class "hardlink", "toString"; there are: ${fidelityClassNames.join(', ')}, lost, changed, note`,
    )
    expect(() => parseFidelityClasses('')).toThrow('no fidelity class ""')
  })

  test('can be chosen by their severity', () => {
    expect(parseFidelityClasses('lost')).toEqual(parseFidelityClasses())
    expect([...parseFidelityClasses('lost, hard-link')].slice(-2)).toEqual(['config-lost', 'hard-link'])
    expect(parseFidelityClasses('lost,changed,note').size).toBe(fidelityClassNames.length)
  })

  test('that the format never has are no choice', () => {
    expect(() => parseFidelityClasses('acl,long-path,owner-unknown', 'fl')).toThrow(
      'a .fl never has the fidelity class "long-path", "owner-unknown"; leave it out, or write a .flist',
    )
    expect(parseFidelityClasses('acl', 'fl')).toEqual(new Set(['acl']))
    expect(parseFidelityClasses('note', 'fl')).toContain('large-owner')
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
