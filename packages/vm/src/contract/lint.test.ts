import { expect, test } from 'vitest'
import { elfKernel } from '../../test/kernels.ts'
import { type Case, kernelPath, machineCases, zosConfig } from '../../test/machine-cases.ts'
import {
  diskImage,
  type Files,
  file,
  goodContainer,
  goodImage,
  goodMachine,
  link,
  program,
  release,
  testTree,
  tree,
} from '../../test/trees.ts'
import { type FindingCode, findingCodes } from './finding-codes.ts'
import { type LintOptions, lintTree } from './lint.ts'

const lint = (files: Files, options: LintOptions = {}) => lintTree(testTree(tree(files)), options)

test.each([
  ['vm', goodMachine, 0],
  ['container', goodContainer, 0],
  // The storage argument is always made.
  ['image', goodImage, 1],
] as const)('a good %s has no error', async (mode, files, warnings) => {
  const report = await lint(files, { address: 'https://hub.example/a/b.flist', buildHost: 'builder' })
  expect(report.findings.filter(({ code }) => code !== 'image-raw-large')).toEqual([])
  expect(report).toMatchObject({ mode, errors: 0, warnings, kernelRelease: mode === 'vm' ? release : undefined })
})

const withoutTable = Buffer.alloc(64 * 512)
const withoutSystemPartition = diskImage()
withoutSystemPartition.fill(0xab, 1024, 1040)

const containerCases: readonly Case[] = [
  ['entrypoint-missing', { 'usr/sbin/init': undefined }, 'sbin/init', 'nothing is there'],
  ['entrypoint-missing', {}, 'srv/app', 'nothing is there', { entrypoint: ['/srv/app'] }],
  ['entrypoint-relative', {}, 'app', 'it is "app"', { entrypoint: ['app'] }],
  ['entrypoint-absolute-link', {}, 'bin/sh', '"bin/sh" → "/bin/busybox"', { entrypoint: ['/bin/sh', '-c', 'x'] }],
  [
    'entrypoint-absolute-link',
    { 'usr/sbin/init': link('/lib/systemd/systemd') },
    'sbin/init',
    '"usr/sbin/init" → "/lib/systemd/systemd"',
  ],
  ['entrypoint-not-executable', { app: file(elfKernel()) }, 'app', 'its mode is 0644', { entrypoint: ['/app'] }],
  ['entrypoint-format', { app: program('echo hello\n') }, 'app', 'it begins with 6563686f', { entrypoint: ['/app'] }],
  ['entrypoint-format', { app: program('') }, 'app', 'it is empty', { entrypoint: ['/app'] }],
  [
    'entrypoint-architecture',
    { app: program(elfKernel({ machine: 183 })) },
    'app',
    'it is for aarch64',
    { entrypoint: ['/app'] },
  ],
  [
    'entrypoint-interpreter',
    { app: program('#! /usr/bin/perl -w\n') },
    'app',
    'it needs "/usr/bin/perl"',
    { entrypoint: ['/app'] },
  ],
  [
    'startup-toml',
    { '.startup.toml': '[startup.entry]\nname = "core.system"\n' },
    '.startup.toml',
    'it has an entrypoint, and the deployment none',
  ],
  ['resolv-conf-link', { 'etc/resolv.conf': link('/run/resolv.conf') }, 'etc/resolv.conf', '→ "/run/resolv.conf"'],
]

const imageCases: readonly Case[] = [
  ['image-raw-large', {}, 'image.raw', '32768 bytes are copied'],
  ['image-raw-hides-kernel', { 'boot/vmlinuz': file(elfKernel()) }, 'boot/vmlinuz', '"boot/vmlinuz" is there as well'],
  [
    'image-raw-qcow2',
    { 'image.raw': file(Buffer.from('QFI\xfb\0\0\0\x03', 'latin1')) },
    'image.raw',
    'it begins with "QFI\\xfb"',
  ],
  ['image-raw-size', { 'image.raw': file(diskImage().subarray(0, 1000)) }, 'image.raw', 'it has 1000 bytes'],
  ['image-raw-partitions', { 'image.raw': file(withoutTable) }, 'image.raw', 'sector 1 begins with 0000000000000000'],
  [
    'image-raw-no-esp',
    { 'image.raw': file(withoutSystemPartition) },
    'image.raw',
    `the partition types are ${'ab'.repeat(16)}`,
  ],
]

const goodTrees = { vm: goodMachine, container: goodContainer, image: goodImage }
const allCases = (
  [
    ['vm', machineCases],
    ['container', containerCases],
    ['image', imageCases],
  ] as const
).flatMap(([mode, cases]) =>
  cases.map(([code, change, path, evidence, options]) => ({ mode, code, change, path, evidence, options })),
)

test.each(allCases)(
  '$mode with one thing wrong: $code ($path)',
  async ({ mode, code, change, path, evidence, options }) => {
    const { findings } = await lint({ ...goodTrees[mode], ...change }, options)
    expect(findings).toContainEqual({ code, path, evidence, ...findingCodes[code] })
    const others = findings
      .map((finding) => finding.code)
      .filter((other) => other !== code && other !== 'image-raw-large')
    expect(others).toEqual([])
  },
)

test('every code has a tree that has it', () => {
  const tested = new Set(allCases.map(({ code }) => code))
  expect(Object.keys(findingCodes).filter((code) => !tested.has(code as FindingCode))).toEqual([])
})

test('the command of an image is for containers: a machine starts its own init', async () => {
  const imageEntrypoint = ['bash', '-l']
  expect((await lint(goodMachine, { imageEntrypoint })).findings).toEqual([])
  const { findings } = await lint(goodContainer, { imageEntrypoint })
  expect(findings.map(({ code }) => code)).toEqual(['entrypoint-relative'])
})

test('what a file has in it reaches no terminal as it is', async () => {
  const { findings } = await lint({ ...goodMachine, [zosConfig]: 'datasource_list: [ \x1b[2J ]\nlocale: C\n' })
  expect(findings.map(({ evidence }) => evidence)).toEqual(['[ ?[2J ]'])
})

test('errors come before warnings, and are counted', async () => {
  const report = await lint({ ...goodMachine, '.dockerenv': '', 'etc/machine-id': 'x', 'dev/null': '' })
  expect(report.findings.map(({ severity }) => severity)).toEqual(['error', 'warning', 'warning'])
  expect(report).toMatchObject({ errors: 1, warnings: 2 })
})

test('without an initial RAM disk a kernel needs virtiofs in itself', async () => {
  const builtIn = {
    [`usr/lib/modules/${release}/modules.builtin`]: 'kernel/fs/fuse/virtiofs.ko\nkernel/drivers/virtio/virtio_pci.ko\n',
  }
  expect((await lint({ ...goodMachine, ...builtIn, 'boot/initrd.img': undefined })).findings).toEqual([])
})

test('only what rules look at is read', async () => {
  const inner = testTree(tree(goodMachine, { 'srv/large': file(Buffer.alloc(1 << 20)) }))
  const read: string[] = []
  const reading: typeof inner.read = (path, range) => {
    read.push(path)
    return inner.read(path, range)
  }
  await lintTree({ ...inner, read: reading })
  expect(read).toContain(kernelPath)
  expect(read).not.toContain('srv/large')
})
