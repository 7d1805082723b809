import { createHash } from 'node:crypto'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { extract, type Header } from 'tar-stream'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { type ContextEntry, readContextDirectory } from './context-files.ts'
import { packContext, readDockerfile } from './context-tar.ts'
import { addDockerfile } from './hidden-dockerfile.ts'

const file = (path: string, text = '', mode = 0o644): ContextEntry => ({ path, mode, content: Buffer.from(text) })

async function unpack(entries: readonly ContextEntry[], modified?: number): Promise<(Header & { text: string })[]> {
  const seen: (Header & { text: string })[] = []
  for await (const entry of packContext(entries, modified).pipe(extract())) {
    seen.push({ ...entry.header, text: (await buffer(entry)).toString() })
  }
  return seen
}

test('directories come before what is in them, everything in the order of its bytes and owned by root', async () => {
  const entries = [
    file('b/c/d', 'x', 0o600),
    file('Dockerfile', 'FROM a'),
    file('b/a', '', 0o755),
    { path: 'l', target: '../x' },
  ]
  const seen = await unpack(entries)
  expect(seen.map(({ name, type, mode, linkname, text }) => [name, type, mode, linkname ?? '', text])).toEqual([
    ['Dockerfile', 'file', 0o644, '', 'FROM a'],
    ['b/', 'directory', 0o755, '', ''],
    ['b/a', 'file', 0o755, '', ''],
    ['b/c/', 'directory', 0o755, '', ''],
    ['b/c/d', 'file', 0o600, '', 'x'],
    ['l', 'symlink', 0o777, '../x', ''],
  ])
  for (const { uid, gid, mtime } of seen)
    expect({ uid, gid, mtime }).toEqual({ uid: 0, gid: 0, mtime: new Date('1980-01-01T00:00:00Z') })
})

test('the same files give the same bytes, in whatever order they come', async () => {
  const digest = async (entries: readonly ContextEntry[]) =>
    createHash('sha256')
      .update(await buffer(packContext(entries)))
      .digest('hex')
  const entries = [file('a', '1'), file('é/b', '2'), file(`${'long/'.repeat(60)}name`, '3')]
  const streamed = entries.map((entry) => ({
    path: entry.path,
    mode: 0o644,
    size: 1,
    content: () => Readable.from(['target' in entry ? '' : entry.content]),
  }))
  expect(await digest([...entries].reverse())).toBe(await digest(entries))
  expect(await digest(streamed as ContextEntry[])).toBe(await digest(entries))
})

test('the time of the files can be chosen', async () => {
  expect(await unpack([file('a')], 1_700_000_000)).toMatchObject([{ mtime: new Date(1_700_000_000_000) }])
})

test('bad paths are named all at once', () => {
  const entries = ['/etc/passwd', '../a', 'a//b', './c', 'd', 'd', 'd/e', ''].map((path) => file(path))
  expect(() => packContext(entries)).toThrow(
    expect.objectContaining({
      code: 'invalid-context',
      message:
        'build context: "/etc/passwd" is not a relative path, "../a" is not a relative path, "a//b" is not a relative path, ' +
        '"./c" is not a relative path, "" is not a relative path, "d" is there twice, "d/e" is below "d", which is not a directory; ' +
        'correct the files of the context',
    }),
  )
})

test.each([
  ['shorter', 5, 'Size mismatch'],
  ['longer', 1, 'Size mismatch'],
])('a file that is %s than it said breaks the stream', async (_name, size) => {
  const entries: ContextEntry[] = [{ path: 'a', mode: 0o644, size, content: () => Readable.from([Buffer.from('abc')]) }]
  await expect(buffer(packContext(entries))).rejects.toMatchObject({
    code: 'invalid-context',
    message: 'build context file "a": Size mismatch; do not change it during a build',
  })
})

test('a file that can not be opened breaks the stream', async () => {
  const entries: ContextEntry[] = [
    {
      path: 'a',
      mode: 0o644,
      size: 1,
      content: () => {
        throw new Error('gone')
      },
    },
  ]
  await expect(buffer(packContext(entries))).rejects.toMatchObject({
    message: 'build context file "a": gone; do not change it during a build',
  })
})

test('a directory is read with the modes that git keeps, links are not followed', async () => {
  await using folder = await temporaryFolder()
  await mkdir(join(folder.path, 'empty/sub'), { recursive: true })
  await writeFile(join(folder.path, 'empty/sub/run'), '#!/bin/sh\n')
  await chmod(join(folder.path, 'empty/sub/run'), 0o711)
  await writeFile(join(folder.path, 'plain'), 'text')
  await chmod(join(folder.path, 'plain'), 0o660)
  await symlink('/etc/passwd', join(folder.path, 'link'))
  const seen = await unpack(await readContextDirectory(folder.path))
  expect(seen.map(({ name, mode, linkname, text }) => [name, mode, linkname ?? '', text])).toEqual([
    ['empty/', 0o755, '', ''],
    ['empty/sub/', 0o755, '', ''],
    ['empty/sub/run', 0o755, '', '#!/bin/sh\n'],
    ['link', 0o777, '/etc/passwd', ''],
    ['plain', 0o644, '', 'text'],
  ])
})

async function contextOf(files: Readonly<Record<string, string>>, dockerfile?: string): Promise<string[]> {
  await using folder = await temporaryFolder()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true })
    await writeFile(join(folder.path, path), text)
  }
  return (await readContextDirectory(folder.path, dockerfile)).map(({ path }) => path).sort()
}

test('what .dockerignore leaves out is not sent, and neither is the history', async () => {
  const files = { Dockerfile: '', 'a/b.o': '', 'a/c': '', '.git/config': '', 'docs/.git': '' }
  expect(await contextOf({ ...files, '.dockerignore': '**/*.o\nDockerfile' })).toEqual([
    '.dockerignore',
    'a/c',
    'docs/.git',
  ])
})

test('rules that are named like the Dockerfile come before those of .dockerignore', async () => {
  const files = {
    'app.Dockerfile': '',
    a: '',
    b: '',
    'app.Dockerfile.dockerignore': 'a\n*.dockerignore',
    '.dockerignore': 'b',
  }
  expect(await contextOf(files, 'app.Dockerfile')).toEqual(['app.Dockerfile', 'b'])
  expect(await contextOf(files)).toContain('a')
})

test('a pattern that is none is told with its file', async () => {
  await expect(contextOf({ '.dockerignore': '[a' })).rejects.toMatchObject({
    code: 'invalid-context',
    message: expect.stringMatching(/^build context ".*\/\.dockerignore": "\[a" is no pattern; correct it/),
  })
})

test('a Dockerfile that no instruction can copy: the engine removes what .dockerignore names', async () => {
  const context = [file('Dockerfile', 'mine'), file('.built.Dockerfile', 'taken')]
  const { entries, built } = await addDockerfile(context, 'FROM a')
  expect(built).toBe('..built.Dockerfile')
  expect(entries.slice(0, 2)).toEqual(context)
  expect(await readDockerfile(entries, built)).toBe('FROM a')
  expect(await readDockerfile(entries, '.dockerignore')).toBe('.dockerignore\n..built.Dockerfile\n')
  const own = await addDockerfile([file('.dockerignore', '*.o')], 'FROM a')
  expect(await readDockerfile(own.entries, '.dockerignore')).toBe('*.o\n.built.Dockerfile\n')
})

test('a directory with a socket in it, and none at all', async () => {
  await using folder = await temporaryFolder()
  await expect(readContextDirectory(join(folder.path, 'nothing'))).rejects.toMatchObject({ code: 'invalid-context' })
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(join(folder.path, 's'), resolve))
  await expect(readContextDirectory(folder.path)).rejects.toThrow(
    `build context "${folder.path}/s": it is neither a file`,
  )
  await new Promise((resolve) => server.close(resolve))
})

test('the Dockerfile has to be there and to be one', async () => {
  expect(await readDockerfile([file('Dockerfile', 'FROM a')], 'Dockerfile')).toBe('FROM a')
  await expect(readDockerfile([file('a')], 'Dockerfile')).rejects.toThrow(
    'build context: there is no file "Dockerfile"; add it',
  )
  const large = { path: 'D', mode: 0, size: 2 ** 21, content: () => Readable.from([Buffer.alloc(2 ** 21)]) }
  await expect(readDockerfile([large], 'D')).rejects.toThrow(
    'build context file "D": it is larger than 1 MiB; give another',
  )
})
