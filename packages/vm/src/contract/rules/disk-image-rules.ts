import { bootPaths } from '../boot-mode.ts'
import { createFinding, type Finding, shown } from '../finding.ts'
import type { RuleSubject } from '../rule.ts'

const sector = 512
/** EFI system partition, C12A7328-F81F-11D2-BA4B-00A0C93EC93B, in the byte order of the table. */
const systemPartition = '28732ac11ff8d211ba4b00a0c93ec93b'

/** /image.raw: copied to the user's first disk and started by rust-hypervisor-firmware, which wants a GPT and an ESP. */
export async function* diskImage({ tree, files, mode }: RuleSubject): AsyncGenerator<Finding> {
  const { image: path } = files
  if (mode !== 'image' || path === undefined) return
  const { size = 0 } = (await tree.lookup(path)) ?? {}
  const head = Buffer.from(await tree.read(path, { offset: 0, length: 2 * sector }))
  yield createFinding('image-raw-large', path, `${size} bytes are copied`)
  if (files.kernel !== undefined)
    yield createFinding('image-raw-hides-kernel', bootPaths.kernel, `${shown(files.kernel)} is there as well`)
  if (head.subarray(0, 4).toString('latin1') === 'QFI\xfb')
    return yield createFinding('image-raw-qcow2', path, 'it begins with "QFI\\xfb"')
  if (size === 0 || size % sector !== 0) return yield createFinding('image-raw-size', path, `it has ${size} bytes`)
  if (head.toString('latin1', sector, sector + 8) !== 'EFI PART')
    return yield createFinding(
      'image-raw-partitions',
      path,
      `sector 1 begins with ${head.toString('hex', sector, sector + 8)}`,
    )
  const types = await partitionTypes(tree, path, head)
  if (!types.includes(systemPartition)) {
    const there = types.length === 0 ? 'no partitions' : types.join(', ')
    yield createFinding('image-raw-no-esp', path, `the partition types are ${there}`)
  }
}

async function partitionTypes(tree: RuleSubject['tree'], path: string, head: Buffer): Promise<string[]> {
  const offset = Number(head.readBigUInt64LE(sector + 72)) * sector
  const count = Math.min(head.readUInt32LE(sector + 80), 128)
  const size = head.readUInt32LE(sector + 84)
  if (size < 128 || size > 4096 || !Number.isSafeInteger(offset)) return []
  const table = Buffer.from(await tree.read(path, { offset, length: count * size }))
  const types = Array.from({ length: count }, (_, index) => table.toString('hex', index * size, index * size + 16))
  return types.filter((type) => type.length === 32 && !/^0+$/.test(type))
}
