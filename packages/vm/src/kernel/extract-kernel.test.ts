import { describe, expect, test } from 'vitest'
import { bzImage, compress, compressions, elfKernel, kernelPayload } from '../../test/kernels.ts'
import { extractKernel } from './extract-kernel.ts'
import { describeKernel } from './kernel-image.ts'

const elf = elfKernel()

test.each(compressions)('the ELF kernel comes out of a bzImage with %s', (compression) => {
  const image = bzImage(kernelPayload(compression, elf))
  expect(describeKernel(image)).toMatchObject({ format: 'bzimage', release: '6.1.0-1-amd64', payload: { compression } })
  const extracted = extractKernel(image, 'boot/vmlinuz')
  expect(Buffer.compare(extracted.elf, elf)).toBe(0)
  expect(extracted).toMatchObject({ compression, release: '6.1.0-1-amd64' })
})

test('an ELF kernel is given back', () => {
  expect(extractKernel(elf, 'vmlinux')).toEqual({ elf, compression: undefined, release: '6.1.0-1-amd64' })
})

test('a kernel that is not compressed in its bzImage', () => {
  expect(Buffer.compare(extractKernel(bzImage(elf), 'x').elf, elf)).toBe(0)
})

test('an ELF kernel is described', () => {
  expect(describeKernel(elf)).toEqual({
    format: 'elf',
    architecture: 'x86-64',
    bits: 64,
    pvhEntry: 0x01000000,
    release: '6.1.0-1-amd64',
    truncated: false,
  })
})

const arm64Image = Buffer.alloc(4096)
arm64Image.write('ARMd', 0x38)
const elf32 = Buffer.from(elf)
elf32[4] = 1

/** Sets a field of the setup header. */
function patched(at: number, value: number, payload = kernelPayload('gzip', elf)): Buffer {
  const image = bzImage(payload)
  image.writeUInt32LE(value, at)
  return image
}

describe('what is refused, and why', () => {
  const other = 'install the distribution’s kernel for amd64'
  test.each<[string, Buffer, string, string | RegExp]>([
    ['an empty file', Buffer.alloc(0), 'kernel', `it is neither a bzImage nor an ELF kernel; ${other}`],
    ['text', Buffer.from('hello\n'), 'kernel', `it is neither a bzImage nor an ELF kernel; ${other}`],
    ['a bare ELF magic', elf.subarray(0, 20), 'kernel', `it is neither a bzImage nor an ELF kernel; ${other}`],
    ['arm64', arm64Image, 'kernel', `it is a kernel for aarch64; ${other}`],
    ['ELF for arm64', elfKernel({ machine: 183 }), 'kernel', `it is a kernel of 64 bits for aarch64; ${other}`],
    [
      'no PVH note',
      elfKernel({ pvh: false }),
      'kernel',
      'it has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY); use a kernel built with CONFIG_PVH=y',
    ],
    [
      'no PVH note in a bzImage',
      bzImage(kernelPayload('gzip', elfKernel({ pvh: false }))),
      'kernel',
      'it has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY); use a kernel built with CONFIG_PVH=y',
    ],
    [
      'ELF cut off',
      elf.subarray(0, 3000),
      'kernel',
      'its program headers reach over its end; it is cut off: get it again',
    ],
    [
      'a segment of 2^52 bytes',
      elfKernel({ loaded: 2 ** 52 }),
      'kernel',
      'its program headers reach over its end; it is cut off: get it again',
    ],
    [
      'bzImage cut off',
      bzImage(kernelPayload('gzip', elf)).subarray(0, 2500),
      'kernel',
      /^vmlinuz: its header says that \d+ compressed bytes begin at 1836, and it has 2500 bytes; it is cut off: get it again$/,
    ],
    [
      'a payload of 4 GiB',
      patched(0x24c, 0xffffffff),
      'kernel',
      /^vmlinuz: its header says that 4294967295 compressed bytes begin at 1836, /,
    ],
    [
      'an old boot protocol',
      patched(0x206, 0x207),
      'kernel',
      'its boot protocol is older than 2.08 and does not say where the kernel is; use a kernel of this century',
    ],
    [
      'an unknown compression',
      bzImage(Buffer.from('ffeeddccbbaa99887766', 'hex')),
      'kernel',
      "it is compressed in a way that is not known: its payload begins with ffeeddccbbaa; unpack it with the kernel source's scripts/extract-vmlinux",
    ],
    [
      'a size of 4 GiB',
      bzImage(kernelPayload('xz', elf, 0xffff0000)),
      'kernel',
      'it says that it unpacks to 4294901760 bytes, which no kernel has; get it again',
    ],
    [
      'a size that is too large',
      bzImage(kernelPayload('lz4', elf, elf.length + 1)),
      'kernel',
      `it unpacks to ${elf.length} bytes and says ${elf.length + 1}; it is damaged: get it again`,
    ],
    [
      'a bomb: a size that is too small',
      bzImage(kernelPayload('zstd', Buffer.alloc(50 << 20), 1000)),
      'compressed-data',
      'zstd data: it unpacks to more than 1000 bytes; get the file again',
    ],
    [
      'a payload that is no kernel',
      bzImage(kernelPayload('gzip', Buffer.from('hello\n'))),
      'kernel',
      `it is neither a bzImage nor an ELF kernel; ${other}`,
    ],
  ])('%s', (_what, bytes, code, problem) => {
    const message = typeof problem === 'string' ? `vmlinuz: ${problem}` : expect.stringMatching(problem)
    expect(() => extractKernel(bytes, 'vmlinuz')).toThrow(expect.objectContaining({ code, message }))
  })

  test('32 bits', () => {
    // Its fields are elsewhere: what is read there is no table of program headers, so it is no ELF that can be read either.
    expect(() => extractKernel(elf32, 'vmlinuz')).toThrow(expect.objectContaining({ code: 'kernel' }))
  })
})

test('every prefix of a kernel is refused, none makes it hang or crash', () => {
  const image = bzImage(kernelPayload('lz4', elf))
  const whole = image.length - 100
  for (let length = 0; length < whole; length += 13) {
    expect(() => extractKernel(image.subarray(0, length), 'x')).toThrow(expect.objectContaining({ name: 'VmError' }))
  }
  expect(compress('lz4', elf).length).toBeLessThan(whole)
})
