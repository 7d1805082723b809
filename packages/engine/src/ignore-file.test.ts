import { expect, test } from 'vitest'
import { parseIgnoreFile } from './ignore-file.ts'

/** The first column is a `.dockerignore`, its lines separated by blanks; what it says was compared with moby's own code. */
test.each([
  ['', ['a'], []],
  ['a', ['b', 'ab', 'b/a'], ['a', 'a/b', 'a/b/c']],
  ['/a', ['b/a'], ['a', 'a/b']],
  ['./a/../b/', ['a'], ['b', 'b/c']],
  ['../a', ['a'], []],
  ['.', ['a', '.a'], []],
  ['*.md', ['a/b.md', 'md'], ['b.md', '.md']],
  ['*/*.md', ['b.md', 'a/b/c.md'], ['a/b.md']],
  ['**/*.md', ['b.mdx'], ['b.md', 'a/b.md', 'a/b/c.md']],
  ['**/node_modules', ['node_module'], ['node_modules/x', 'a/node_modules/x', 'a/b/node_modules']],
  ['a/**', ['a', 'b'], ['a/b', 'a/b/c']],
  ['a/**/c', ['a/b', 'c'], ['a/c', 'a/b/c', 'a/b/d/c', 'a/c/e']],
  ['**', [], ['a', '.a', 'a/b']],
  ['**.md', ['md'], ['a.md', 'a/b.md']],
  ['?.o', ['ab.o', '.o', 'a/b.o'], ['a.o']],
  ['[ab].o [^x-z].c', ['c.o', 'y.c'], ['a.o', 'b.o', 'a.c']],
  ['a.b a+b $x (y)', ['acb', 'aab', 'x', 'y'], ['a.b', 'a+b', '$x', '(y)']],
  ['\\*', ['a'], ['*']],
  ['# !b', ['#', 'a', 'b'], []],
  ['* !a', ['a', 'a/b'], ['b', 'b/a']],
  ['* !a a/b', ['a', 'a/c'], ['a/b', 'b']],
  ['a !a/b/c', ['a/b/c', 'a/b/c/d'], ['a', 'a/b', 'a/b/d']],
  ['*.md !README*.md README-secret.md', ['README.md', 'README-a.md'], ['a.md', 'README-secret.md']],
  ['!a a', [], ['a']],
  ['ä/*', ['a/b'], ['ä/ö']],
])('%j keeps %j and leaves out %j', (lines, kept, left) => {
  const leavesOut = parseIgnoreFile(lines.split(' ').join('\n'))
  expect(kept.filter(leavesOut)).toEqual([])
  expect(left.filter((path) => !leavesOut(path))).toEqual([])
})

test('blanks around a pattern, a mark at the start of the file and Windows line ends are no part of a pattern', () => {
  const leavesOut = parseIgnoreFile('\uFEFFa\r\n  b \r\n! c\r\n')
  expect(['a', 'b'].every(leavesOut)).toBe(true)
  expect(leavesOut('c')).toBe(false)
})

test.each(['[a', 'a[', '!', 'a\\'])('%j is refused', (pattern) => {
  expect(() => parseIgnoreFile(pattern)).toThrow(SyntaxError)
})
