import { execFileSync } from 'node:child_process'
import { appendFileSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { chmod, link, lutimes, truncate, utimes } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { show, textStore } from '../test/layer-builder.ts'
import type { ContentStore } from './content-store.ts'
import { deviceNumbers, readDirectory } from './directory.ts'
import { walkTree } from './walk-tree.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rootfs-directory-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const read = async () => show(await readDirectory(root, textStore()))
const failure = (store: ContentStore<string> = textStore()) => readDirectory(root, store).catch((error) => error)

describe('what is read', () => {
  test('directories, files, links, fifos and sockets', async () => {
    mkdirSync(join(root, 'etc/empty'), { recursive: true })
    writeFileSync(join(root, 'etc/passwd'), 'root')
    symlinkSync('/etc/passwd', join(root, 'link'))
    symlinkSync('nowhere', join(root, 'dangling'))
    execFileSync('mkfifo', [join(root, 'fifo')])
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve))
    try {
      expect(await read()).toEqual({
        dangling: '-> nowhere',
        etc: 'directory',
        'etc/empty': 'directory',
        'etc/passwd': 'file "root"',
        fifo: 'fifo 0,0',
        link: '-> /etc/passwd',
        socket: 'socket 0,0',
      })
    } finally {
      server.close()
    }
  })

  test('no link is followed', async () => {
    mkdirSync(join(root, 'real'))
    writeFileSync(join(root, 'real/file'), '')
    symlinkSync('real', join(root, 'link'))
    expect(Object.keys(await read())).toEqual(['link', 'real', 'real/file'])
  })

  test('attributes, the root included', async () => {
    writeFileSync(join(root, 'f'), '')
    await chmod(join(root, 'f'), 0o6711)
    await chmod(root, 0o1750)
    await utimes(join(root, 'f'), 1, 1_234_567_890.5)
    await utimes(root, 1, 86_400)
    const { uid, gid } = lstatSync(join(root, 'f'))
    expect(show(await readDirectory(root, textStore()), true)).toEqual({
      '': `directory 1750 ${uid}:${gid} 86400`,
      f: `file "" 6711 ${uid}:${gid} 1234567890+500000000ns`,
    })
  })

  test('times before 1970, rounded down', async () => {
    symlinkSync('x', join(root, 'l'))
    await lutimes(join(root, 'l'), 0, new Date(-1250))
    const node = (await readDirectory(root, textStore())).children.get('l')
    expect(node).toMatchObject({ mtime: -2, mtimeNanos: 750_000_000, mode: 0o777 })
  })

  test('hard links are one node, read once', async () => {
    mkdirSync(join(root, 'd'))
    writeFileSync(join(root, 'b'), 'x')
    await link(join(root, 'b'), join(root, 'd/c'))
    await link(join(root, 'b'), join(root, 'a'))
    symlinkSync('x', join(root, 's'))
    execFileSync('ln', ['-P', join(root, 's'), join(root, 't')])
    let opened = 0
    const store = textStore()
    const tree = await readDirectory(root, { open: (size) => store.open(size + opened++) })
    expect(show(tree)).toEqual({ a: 'file "x"', b: '= a', d: 'directory', 'd/c': '= a', s: '-> x', t: '= s' })
    expect(opened).toBe(1)
  })

  test('names are bytes, and files come in the order of the tree', async () => {
    mkdirSync(join(root, 'b'))
    const names = ['\xff', 'a', 'Z', 'b/x', 'b-', 'caf\xe9', 'new\nline']
    for (const name of names) writeFileSync(Buffer.from(`${root}/${name}`, 'latin1'), '')
    const order: number[] = []
    const tree = await readDirectory(root, { open: () => ({ write: () => {}, end: () => order.push(order.length) }) })
    const files = [...walkTree(tree)].flatMap(({ path, node }) => (node.type === 'file' ? [[path, node.content]] : []))
    const expected = ['Z', 'a', 'b/x', 'b-', 'caf\xe9', 'new\nline', '\xff']
    expect(files).toEqual(expected.map((name, index) => [name, index + 1]))
  })

  test('a file larger than one piece', async () => {
    const content = 'x'.repeat(700_001)
    writeFileSync(join(root, 'f'), content)
    expect((await readDirectory(root, textStore())).children.get('f')).toMatchObject({ size: 700_001, content })
  })

  test.each([
    ['/dev/null', { major: 1, minor: 3 }],
    ['/dev/zero', { major: 1, minor: 5 }],
  ])('%s has the device number %j', (path, numbers) => {
    expect(deviceNumbers(lstatSync(path, { bigint: true }).rdev)).toEqual(numbers)
  })

  test('device numbers may have 32 bits each', () => {
    const device = (0x12345n << 44n) | (0x678n << 8n) | (0x9abcden << 20n) | 0xf0n // as makedev(3) puts them together
    expect(deviceNumbers(device)).toEqual({ major: 0x12345678, minor: 0x9abcdef0 })
  })
})

describe('what is refused', () => {
  test('a directory that is not there', async () => {
    const error = await readDirectory(join(root, 'none'), textStore()).catch((reason) => reason)
    expect(error.message).toBe(
      `"${root}/none": ENOENT: no such file or directory; read a directory that nothing writes to, with the rights to read all of it`,
    )
    expect(error.code).toBe('directory')
  })

  test('something that is no directory, such as a link to one', async () => {
    symlinkSync(root, join(root, 'link'))
    await expect(readDirectory(join(root, 'link'), textStore())).rejects.toThrow(
      `"${root}/link": it is not a directory (no link is followed)`,
    )
  })

  const meddling = (meddle: () => void): ContentStore<string> => ({
    open: () => {
      meddle()
      return { write: () => {}, end: () => '' }
    },
  })

  test.each<[string, () => void | Promise<void>]>([
    ['grows', () => appendFileSync(join(root, 'f'), 'more')],
    ['shrinks', () => truncate(join(root, 'f'), 3)],
    ['is emptied', () => writeFileSync(join(root, 'f'), '')],
    ['is written again', () => utimes(join(root, 'f'), 5, 5)],
  ])('a file that %s while it is read', async (_, meddle) => {
    writeFileSync(join(root, 'f'), 'x'.repeat(600_000))
    let done: void | Promise<void>
    const store = meddling(() => {
      done = meddle()
    })
    const slow: ContentStore<string> = {
      open: (size) => ({ ...store.open(size), write: async () => done }),
    }
    const error = await failure(slow)
    expect(error.message).toMatch(new RegExp(`^"${root}/f": it .* changed while it was read[;,] `))
    expect(error).toMatchObject({ code: 'directory', entry: `${root}/f` })
  })

  test('files of the kernel, whose size says nothing', async () => {
    await expect(readDirectory('/proc/sys/kernel/random', textStore())).rejects.toThrow(
      /^"\/proc\/sys\/kernel\/random\/[^"]*": it has more than 0 bytes: .* or the kernel makes it; /,
    )
  })

  test('a file that vanishes', async () => {
    writeFileSync(join(root, 'a'), '')
    writeFileSync(join(root, 'b'), '')
    const error = await failure(meddling(() => rmSync(join(root, 'b'))))
    expect(error.message).toContain(`"${root}/b": ENOENT: no such file or directory; `)
    expect(error.code).toBe('directory')
  })

  test('a file replaced by a link, which is not followed', async () => {
    writeFileSync(join(root, 'a'), '')
    writeFileSync(join(root, 'b'), '')
    const swap = () => {
      rmSync(join(root, 'b'))
      symlinkSync('/etc/passwd', join(root, 'b'))
    }
    expect(show(await readDirectory(root, meddling(swap))).b).toBe('-> /etc/passwd')
  })

  test('errors of the store pass as they are', async () => {
    writeFileSync(join(root, 'f'), 'x')
    const store = { open: () => ({ write: () => Promise.reject(new Error('disk full')), end: () => '' }) }
    await expect(readDirectory(root, store)).rejects.toThrow('disk full')
  })

  test('everything, once the signal is given', async () => {
    writeFileSync(join(root, 'f'), 'x')
    await expect(readDirectory(root, textStore(), { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
  })
})
