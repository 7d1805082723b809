import { expect, test } from 'vitest'
import { partitionScript, planDisk } from './disk-layout.ts'

const MiB = 1 << 20

test('partitions are on whole MiB, with room for both tables, and hold the tree with a quarter more', () => {
  const { system, root, bytes } = planDisk({ entries: 20_000, bytes: 500 * MiB })
  expect(system).toEqual({ offset: MiB, bytes: 64 * MiB })
  expect(root.offset).toBe(system.offset + system.bytes)
  expect([root.bytes % MiB, bytes % MiB]).toEqual([0, 0])
  expect(root.bytes).toBeGreaterThanOrEqual(625 * MiB)
  expect(bytes - root.offset - root.bytes).toBe(MiB)
})

test('an empty tree gets a file system that ext4 can be', () => {
  expect(planDisk({ entries: 0, bytes: 0 }).root.bytes).toBe(192 * MiB)
})

test('the table names an EFI system partition and the root of x86-64, in sectors', () => {
  const identity = { disk: 'd', system: 's', root: 'r' }
  expect(partitionScript(planDisk({ entries: 0, bytes: 0 }), identity)).toBe(
    [
      'label: gpt',
      'label-id: d',
      'start=2048, size=131072, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=s, name=esp',
      'start=133120, size=393216, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, uuid=r, name=root',
      '',
    ].join('\n'),
  )
})
