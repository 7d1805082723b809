import { describe, expect, test } from 'vitest'
import { entryPath, hardlinkTarget } from './entry-path.ts'

const layer = { absoluteNames: true, depth: 2048 }
const rootTar = { absoluteNames: false, depth: 2048 }
const at = (entry: string) => ({ archive: 'layer', offset: 512, entry })

describe('names of entries', () => {
  test.each([
    ['etc/passwd', 'etc/passwd'],
    ['./etc/passwd', 'etc/passwd'],
    ['././etc/./passwd', 'etc/passwd'],
    ['etc//passwd', 'etc/passwd'],
    ['etc/', 'etc'],
    ['etc///', 'etc'],
    ['./', ''],
    ['.', ''],
    ['', ''],
    ['...', '...'],
    ['a/..b/c..', 'a/..b/c..'],
    [' a b\n', ' a b\n'],
    ['caf\xe9', 'caf\xe9'],
    ['a\\..\\b', 'a\\..\\b'],
  ])('%j is %j', (name, path) => {
    expect(entryPath(name, rootTar, at(name))).toBe(path)
    expect(entryPath(name, layer, at(name))).toBe(path)
  })

  test.each(['..', '../etc', 'a/../b', 'a/..', './..', 'a//../../b', '/../etc', '/..'])('%j is refused', (name) => {
    expect(() => entryPath(name, layer, at(name))).toThrow(
      `layer, entry "${name}" at byte 512: its name has a ".." component; images must not point out of their root, rebuild it`,
    )
  })

  test.each([
    ['/', ''],
    ['/etc/passwd', 'etc/passwd'],
    ['//etc', 'etc'],
  ])('%j is %j in a layer, and refused in a root archive', (name, path) => {
    expect(entryPath(name, layer, at(name))).toBe(path)
    expect(() => entryPath(name, rootTar, at(name))).toThrow(
      `layer, entry "${name}" at byte 512: its name is absolute; archive the root with relative names (tar -C ROOT -c .)`,
    )
  })

  test('the depth is limited', () => {
    expect(entryPath('a/b/c', { absoluteNames: true, depth: 3 }, at('x'))).toBe('a/b/c')
    expect(() => entryPath('a/b/c/d', { absoluteNames: true, depth: 3 }, at('x'))).toThrow(
      'its name has 4 components, the limit is 3',
    )
  })
})

describe('targets of hard links', () => {
  test.each([
    ['./bin/sh', 'bin/sh'],
    ['/bin/sh', 'bin/sh'],
    ['bin//sh', 'bin/sh'],
  ])('%j is %j, even in a root archive', (target, path) => {
    expect(hardlinkTarget(target, rootTar, at('x'))).toBe(path)
  })

  test('a .. is refused', () => {
    expect(() => hardlinkTarget('../../etc/shadow', layer, at('x'))).toThrow(
      'layer, entry "x" at byte 512: its hard link target "../../etc/shadow" has a ".." component',
    )
  })
})
