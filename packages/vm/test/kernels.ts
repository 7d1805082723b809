import { execFileSync } from 'node:child_process'
import type { Compression } from '../src/compression/compression.ts'

export type ElfOptions = {
  readonly machine?: number
  readonly pvh?: boolean
  readonly release?: string
  /** Length the loaded segment claims to have in the file. */
  readonly loaded?: number
}

/** A 64-bit ELF file with the two program headers and the banner that make a kernel one. */
export function elfKernel(options: ElfOptions = {}): Buffer {
  const { machine = 62, pvh = true, release = '6.1.0-1-amd64' } = options
  const note = Buffer.from('040000000400000012000000' + '58656e00' + '00000001', 'hex')
  if (!pvh) note.writeUInt32LE(17, 8)
  // Code does not compress to nothing.
  const text = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * index * 7 + (index >> 3)) & 0xff))
  const body = Buffer.concat([note, text, Buffer.from(`\0Linux version ${release} (builder@host) #1 SMP\n\0`)])
  const header = Buffer.alloc(64 + 2 * 56)
  Buffer.from('7f454c4602010100', 'hex').copy(header)
  header.writeUInt16LE(2, 16)
  header.writeUInt16LE(machine, 18)
  header.writeBigUInt64LE(64n, 32)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(2, 56)
  const segment = (at: number, type: number, size: number) => {
    header.writeUInt32LE(type, at)
    header.writeBigUInt64LE(BigInt(header.length), at + 8)
    header.writeBigUInt64LE(BigInt(size), at + 32)
  }
  segment(64, 1, options.loaded ?? body.length)
  segment(64 + 56, 4, note.length)
  return Buffer.concat([header, body])
}

const commands: Readonly<Record<Compression, readonly string[]>> = {
  gzip: ['gzip', '-9c'],
  bzip2: ['bzip2', '-9c'],
  lzma: ['xz', '--format=lzma', '-c'],
  xz: ['xz', '--check=crc32', '--x86', '--lzma2=dict=32MiB', '-c'],
  lzo: ['lzop', '-9c'],
  lz4: ['lz4', '-l', '-c'],
  zstd: ['zstd', '-c'],
}

export const compressions = Object.keys(commands) as Compression[]

/** Compresses as the kernel's build does. */
export function compress(compression: Compression, plain: Uint8Array): Buffer {
  const [program = '', ...args] = commands[compression]
  return execFileSync(program, args, { input: plain, maxBuffer: 1 << 30, stdio: ['pipe', 'pipe', 'ignore'] })
}

/** A bzImage: setup sectors with a header of protocol 2.15, a loader, the payload. */
export function bzImage(payload: Uint8Array, release = '6.1.0-1-amd64'): Buffer {
  const setup = Buffer.alloc(3 * 512)
  setup[0x1f1] = 2
  setup.write('HdrS', 0x202)
  setup.writeUInt16LE(0x20f, 0x206)
  setup.writeUInt16LE(0x300, 0x20e)
  setup.write(`${release} (builder@host)\0`, 0x500)
  const loader = Buffer.alloc(300, 0x90)
  setup.writeUInt32LE(loader.length, 0x248)
  setup.writeUInt32LE(payload.length, 0x24c)
  return Buffer.concat([setup, loader, payload, Buffer.alloc(100)])
}

/** The payload as the build makes it: all but gzip get their plain size appended. */
export function kernelPayload(compression: Compression, elf: Uint8Array, size = elf.length): Buffer {
  const packed = compress(compression, elf)
  const tail = Buffer.alloc(4)
  tail.writeUInt32LE(size)
  return compression === 'gzip' ? packed : Buffer.concat([packed, tail])
}
