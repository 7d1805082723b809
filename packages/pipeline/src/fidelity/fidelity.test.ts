import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { member, pax } from '../../../rootfs/test/tar-builder.ts'
import { convertPath, temporaryFolder, writeTar } from '../../test/converted.ts'
import type { ConvertOptions } from '../convert.ts'
import { parseFidelityClasses } from './classes.ts'
import type { Fidelity } from './fidelity.ts'
import { fidelitySummary, formatFidelity } from './fidelity-text.ts'
import { collectFindings } from './findings.ts'
import { addTreeFindings } from './tree-fidelity.ts'

async function fidelityOfTar(members: readonly Buffer[], options: ConvertOptions = {}): Promise<Fidelity> {
  const folder = await temporaryFolder()
  return (await convertPath(folder, await writeTar(folder, members), options)).fidelity
}

/** `name` with an extended attribute, as GNU tar writes it. */
const withXattr = (name: string, attribute: string, value: Buffer) => [
  pax([[`SCHILY.xattr.${attribute}`, value.toString('latin1')]]),
  member({ name, mode: 0o755 }, 'x'),
]
const ping = Buffer.from('0100000200200000000000000000000000000000', 'hex')

const crafted: [string, Buffer[], { class: string; count: number; path: string; consequence: string }][] = [
  [
    'a program with capabilities',
    withXattr('usr/bin/ping', 'security.capability', ping),
    {
      class: 'file-capabilities',
      count: 1,
      path: '/usr/bin/ping',
      consequence: 'loses cap_net_raw+ep: ping needs root',
    },
  ],
  [
    'capabilities that are none',
    withXattr('a', 'security.capability', Buffer.from([1])),
    {
      class: 'file-capabilities',
      count: 1,
      path: '/a',
      consequence: 'loses security.capability, 1 bytes that are no set of capabilities',
    },
  ],
  [
    'an ACL',
    withXattr('a', 'system.posix_acl_access', Buffer.from([2])),
    { class: 'acl', count: 1, path: '/a', consequence: 'loses its ACL: only mode 0755 decides who may use it' },
  ],
  [
    'an ACL as GNU tar has it',
    [pax([['SCHILY.acl.default', 'user::rwx,user:5:r-x']]), member({ name: 'd', typeflag: '5', mode: 0o750 })],
    { class: 'acl', count: 1, path: '/d', consequence: 'loses its default ACL: only mode 0750 decides who may use it' },
  ],
  [
    'an extended attribute',
    withXattr('a', 'user.note', Buffer.from('hi')),
    { class: 'xattr', count: 1, path: '/a', consequence: 'loses user.note (2 bytes)' },
  ],
  [
    'a name that is not UTF-8',
    [member({ name: 'd/', typeflag: '5' }), member({ name: 'd/\xe9' })],
    {
      class: 'name-not-utf8',
      count: 1,
      path: '/d/\ufffd',
      consequence: 'rfs cannot read the directory "/d", with all in it',
    },
  ],
  [
    'hard links',
    [
      member({ name: 'b' }, 'same'),
      member({ name: 'a', typeflag: '1', linkName: 'b', size: 0 }),
      member({ name: 'c', typeflag: '1', linkName: 'b', size: 0 }),
    ],
    {
      class: 'hard-link',
      count: 1,
      path: '/a',
      consequence: 'is one file with "/b", "/c": each becomes its own, a write to one is not seen in the others',
    },
  ],
  [
    'times between seconds',
    [pax([['mtime', '1.5']]), member({ name: 'a' }), pax([['mtime', '2.25']]), member({ name: 'b' })],
    { class: 'sub-second-time', count: 2, path: '/a', consequence: 'loses 500000000 ns of its time' },
  ],
  [
    'a time before 1970',
    [pax([['mtime', '-1']]), member({ name: 'a' })],
    {
      class: 'time-out-of-range',
      count: 1,
      path: '/a',
      consequence: 'shows 1970-01-01T00:00:00Z instead of 1969-12-31T23:59:59Z',
    },
  ],
  [
    'a set-user-id program',
    [member({ name: 'su', mode: 0o4755 })],
    {
      class: 'setuid-setgid',
      count: 1,
      path: '/su',
      consequence: 'has mode 4755, of which 0-fs and rfs show 755: it runs with the rights of its caller',
    },
  ],
  [
    'a sticky directory',
    [member({ name: 'tmp/', typeflag: '5', mode: 0o1777 })],
    {
      class: 'sticky',
      count: 1,
      path: '/tmp',
      consequence: 'has mode 1777, of which 0-fs and rfs show 777: who may write to it may delete files of others',
    },
  ],
  [
    'a device',
    [member({ name: 'null', typeflag: '3', major: 1, minor: 3 })],
    { class: 'device', count: 1, path: '/null', consequence: 'is the character device 1,3: rfs leaves it out' },
  ],
  [
    'a named pipe',
    [member({ name: 'pipe', typeflag: '6' })],
    { class: 'fifo', count: 1, path: '/pipe', consequence: 'is a named pipe: rfs leaves it out' },
  ],
  [
    'an owner that means nobody knows',
    [pax([['uid', '4294967295']]), member({ name: 'a' })],
    {
      class: 'owner-unknown',
      count: 1,
      path: '/a',
      consequence: 'belongs to 4294967295:0: 0-fs gives 4294967295 to 1000',
    },
  ],
  [
    'a large owner',
    [pax([['gid', '65535']]), member({ name: 'a' })],
    {
      class: 'large-owner',
      count: 1,
      path: '/a',
      consequence: 'belongs to 0:65535: in a user namespace of 65536 ids it is nobody’s',
    },
  ],
  [
    'a long path',
    [pax([['path', `${'d'.repeat(200)}/`.repeat(11)]]), member({ name: 'd', typeflag: '5' })],
    {
      class: 'long-path',
      count: 1,
      path: `/${`${'d'.repeat(200)}/`.repeat(11).slice(0, -1)}`,
      consequence: 'is 2210 bytes long: zflist cuts it in its JSON at 2047',
    },
  ],
]

test.each(crafted)('%s', async (_what, members, { path, consequence, class: name, count }) => {
  const { findings } = await fidelityOfTar(members)
  expect(findings).toMatchObject([{ class: name, count, examples: new Array(count).fill({}) }])
  expect(findings[0]?.examples[0]).toMatchObject({ path, consequence })
})

test('a directory of this machine: sockets, and attributes that cannot be read', async () => {
  const folder = await temporaryFolder()
  const server = createServer().listen(join(folder, 'socket'))
  onTestFinished(() => void server.close())
  const output = await temporaryFolder()
  const { findings } = (await convertPath(output, folder)).fidelity
  const shown = findings.filter((finding) => finding.class !== 'sub-second-time')
  expect(shown).toMatchObject([
    { class: 'socket', severity: 'changed', examples: [{ path: '/socket' }] },
    { class: 'xattrs-not-read', severity: 'note', examples: [{ path: '/' }] },
  ])
})

test('a directory whose record is over 4 MiB', async () => {
  const members = Array.from({ length: 24_000 }, (_, index) => member({ name: `${index}-${'n'.repeat(90)}` }))
  expect((await fidelityOfTar(members)).findings).toMatchObject([
    { class: 'large-directory', severity: 'note', count: 1, examples: [{ path: '/' }] },
  ])
})

test('a name that is not UTF-8 is given exactly, too', async () => {
  const { findings } = await fidelityOfTar([member({ name: 'a\xff' })])
  expect(findings[0]?.examples[0]).toMatchObject({ path: '/a\ufffd', pathHex: '61ff' })
})

test('examples are few, counts are whole', async () => {
  const { findings } = await fidelityOfTar(
    Array.from({ length: 25 }, (_, at) => member({ name: `${at}`, mode: 0o4755 })),
  )
  expect(findings).toMatchObject([{ class: 'setuid-setgid', count: 25 }])
  expect(findings[0]?.examples).toHaveLength(10)
})

test('one file with many names shows some of them', () => {
  const file = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 0, content: new Uint8Array() } as const
  const children = new Map([...'abcdefg'].map((name) => [name, file]))
  const findings = collectFindings()
  addTreeFindings({ type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0, children }, findings)
  expect(findings.finish()[0]?.examples[0]?.consequence).toMatch(/^is one file with "\/b", "\/c", "\/d" and 3 more: /)
})

test('a plain tree has nothing to report', async () => {
  const fidelity = await fidelityOfTar([member({ name: 'etc/motd' }, 'hi')])
  expect(fidelity).toEqual({ findings: [], config: [] })
  expect([formatFidelity(fidelity), fidelitySummary(fidelity)]).toEqual(['', 'nothing lost or changed'])
})

describe('for people', () => {
  const members = [...withXattr('bin/ping', 'security.capability', ping), member({ name: 'su', mode: 0o4755 })]

  test('a line for each class with its first example, and one line for all', async () => {
    const fidelity = await fidelityOfTar([...members, member({ name: 'sv', mode: 0o4755 })])
    expect(formatFidelity(fidelity)).toBe(
      `lost     file-capabilities 1, /bin/ping loses cap_net_raw+ep: ping needs root
changed  setuid-setgid 2, first /su has mode 4755, of which 0-fs and rfs show 755: it runs with the rights of its caller`,
    )
    expect(fidelitySummary(fidelity)).toBe('lost: file-capabilities 1; changed: setuid-setgid 2')
  })

  test('names do not act on the terminal', async () => {
    const text = formatFidelity(await fidelityOfTar([member({ name: 'a\n\x1b[2J', mode: 0o4755 })]))
    expect(text).toContain('/a\\u000a\\u001b[2J has mode')
  })

  test('strict refuses the classes that were chosen, and leaves the output alone', async () => {
    const folder = await temporaryFolder()
    const path = await writeTar(folder, members)
    const strict = convertPath(folder, path, { strict: parseFidelityClasses() })
    await expect(strict).rejects.toMatchObject({
      code: 'not-faithful',
      message: `${path}: a flist does not hold all of it; nothing was written: change the image, or leave out of --strict: file-capabilities
  file-capabilities 1, /bin/ping loses cap_net_raw+ep: ping needs root`,
      fidelity: { findings: [{ class: 'file-capabilities' }, { class: 'setuid-setgid' }] },
    })
    await expect(readFile(join(folder, 'out.flist'))).rejects.toMatchObject({ code: 'ENOENT' })
    const other = await convertPath(folder, path, { strict: parseFidelityClasses('hard-link, acl') })
    expect(other.fidelity.findings).toHaveLength(2)
  })
})
