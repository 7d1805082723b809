/** A partition of a disk, in bytes. */
export type PartitionPlace = { readonly offset: number; readonly bytes: number }

/** Where the two partitions of a disk lie. */
export type DiskLayout = {
  readonly system: PartitionPlace
  readonly root: PartitionPlace
  /** Of the whole disk. */
  readonly bytes: number
}

/** What a directory holds, as far as it takes room in a file system. */
export type TreeAmount = {
  readonly entries: number
  /** Bytes in blocks of 4096. */
  readonly bytes: number
}

const mebibyte = 1 << 20
/** FAT32 has no fewer clusters than this size gives. */
const systemBytes = 64 * mebibyte
/** The journal and the tables of ext4, and room for a machine to start. */
const spareBytes = 192 * mebibyte
const inodeBytes = 256

/** Where partitions go for a tree: on whole mebibytes, a MiB before and after them for both partition tables. */
export function planDisk({ entries, bytes }: TreeAmount): DiskLayout {
  const needed = bytes * 1.25 + entries * inodeBytes + spareBytes
  const system = { offset: mebibyte, bytes: systemBytes }
  const root = { offset: mebibyte + systemBytes, bytes: Math.ceil(needed / mebibyte) * mebibyte }
  return { system, root, bytes: root.offset + root.bytes + mebibyte }
}

/** Identities of a disk, a UUID each; the file system's is in the name by which it is found. */
export type DiskIdentity = { readonly disk: string; readonly system: string; readonly root: string }

/** The table as sfdisk reads it: an EFI system partition, then the root of x86-64, which fills the rest. */
export function partitionScript({ system, root }: DiskLayout, identity: DiskIdentity): string {
  const place = ({ offset, bytes }: PartitionPlace) => `start=${offset / 512}, size=${bytes / 512}`
  return [
    'label: gpt',
    `label-id: ${identity.disk}`,
    `${place(system)}, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=${identity.system}, name=esp`,
    `${place(root)}, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, uuid=${identity.root}, name=root`,
    '',
  ].join('\n')
}
