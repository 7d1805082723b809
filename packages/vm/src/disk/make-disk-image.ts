import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createOwnedFolder } from '../boot/boot-folder.ts'
import { requireTool } from '../boot/machine-tools.ts'
import { runToEnd } from '../boot/run-to-end.ts'
import { bootPaths } from '../contract/boot-mode.ts'
import type { ContractTree } from '../contract/contract-tree.ts'
import { directoryTree, hostPath } from '../contract/directory-tree.ts'
import { resolvePath } from '../contract/path-resolution.ts'
import { earlyModules } from '../contract/rules/initrd-rules.ts'
import { VmError } from '../errors.ts'
import { readInitrd } from '../initrd/read-initrd.ts'
import { describeKernel, type KernelImage } from '../kernel/kernel-image.ts'
import { type DiskIdentity, type DiskLayout, partitionScript, planDisk, type TreeAmount } from './disk-layout.ts'
import { grubMenu, makeGrub } from './grub-image.ts'

export type DiskImageOptions = {
  /** The kernel as its package has it, a bzImage: GRUB starts no other. Default: the one in the tree, where it is one. */
  readonly kernel?: string
  readonly signal?: AbortSignal
}

/** A disk that was made. */
export type DiskImage = {
  readonly path: string
  /** Of the disk; most of what is free in it are holes. */
  readonly bytes: number
  readonly layout: DiskLayout
  /** Whether the machine has what makes its root file system as large as the disk it is copied to. */
  readonly growsToDisk: boolean
}

/** A kernel in a tree, and where the tree has it. */
type TreeKernel = { readonly path: string; readonly initrd: string }

/**
 * Makes a disk of the root directory of a machine, as zos' `image.raw`: a GPT, an EFI system partition with GRUB, the directory as
 * ext4. Nothing is mounted and no loop device is used: mke2fs and mtools write into the file. The directory stays as it is.
 *
 * @param output appears when it is whole; the folder it is in has to be on the directory's file system, or has a copy for a while
 * @throws VmError 'tool-missing' naming the package, 'disk-image' for a tree that would not start from a disk, 'boot-failed' without
 * root or with the last lines of the tool that failed, 'cancelled'
 */
export async function makeDiskImage(
  directory: string,
  output: string,
  options: DiskImageOptions = {},
): Promise<DiskImage> {
  const { signal } = options
  if (process.getuid?.() !== 0)
    throw new VmError(
      'boot-failed',
      `${directory}: only root may read all of it and keep its owners; run it as root (sudo)`,
    )
  const tree = directoryTree(directory)
  const place = await findKernel(tree, directory)
  const kernel = options.kernel ?? hostPath(directory, place.path).toString()
  const bytes = await readFile(kernel)
  await requireBootable(tree, directory, place, { path: kernel, description: describeKernel(bytes) })
  const identity = identityOf(bytes)
  const folder = await createOwnedFolder(dirname(output), `.${basename(output)}-`)
  try {
    const layout = planDisk(await amountOf(tree))
    const disk = join(folder, 'disk.raw')
    await writeTable(folder, disk, layout, identity, signal)
    await writeSystemPartition(folder, disk, layout, identity.root, signal)
    const staged = await stageRoot(folder, directory, kernel, place, identity, signal)
    await writeRoot(disk, staged, layout, identity.root, signal)
    await rename(disk, output)
    return { path: output, bytes: layout.bytes, layout, growsToDisk: await growsToDisk(tree) }
  } catch (error) {
    throwIfCancelled(signal)
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function throwIfCancelled(signal?: AbortSignal): void {
  if (signal?.aborted)
    throw new VmError('cancelled', 'disk image: cancelled by the caller; run it again', { cause: signal.reason })
}

/** Where zos would look, else where Debian's packages link to. */
async function findKernel(tree: ContractTree, directory: string): Promise<TreeKernel> {
  const follow = async (names: readonly string[]) => {
    for (const name of names) {
      const found = await resolvePath(tree, name, 'guest')
      if (found.kind === 'found' && found.entry.type === 'file') return found.path
    }
    throw new VmError(
      'disk-image',
      `${directory}: there is no ${names.map((name) => `/${name}`).join(' and no ')}; install a kernel in it, or publish it as a container`,
    )
  }
  const path = await follow([bootPaths.kernel, 'vmlinuz'])
  return { path, initrd: await follow([bootPaths.initrd, 'initrd.img']) }
}

/** What stops a machine that starts from a disk; each is told before anything is written. */
async function requireBootable(
  tree: ContractTree,
  directory: string,
  place: TreeKernel,
  kernel: { readonly path: string; readonly description: KernelImage },
): Promise<void> {
  const { description } = kernel
  if (description.format !== 'bzimage') {
    const remedy = 'give the kernel as its package has it'
    throw new VmError('disk-image', `${kernel.path}: is no bzImage, and GRUB starts no other; ${remedy}`)
  }
  const initrd = readInitrd(await tree.read(place.initrd))
  const modules = await earlyModules({ tree, kernel: description, initrd })
  const missing = ['virtio_pci', 'virtio_blk', 'ext4'].filter((name) => !modules.has(name))
  if (missing.length === 0) return
  const remedy = 'add them to /etc/initramfs-tools/modules and run update-initramfs -u'
  throw new VmError('disk-image', `${directory}/${place.initrd}: has no ${missing.join(', ')}; ${remedy}`)
}

async function amountOf(tree: ContractTree): Promise<TreeAmount> {
  let entries = 0
  let blocks = 0
  for await (const { entry } of tree.walk()) {
    entries += 1
    blocks += entry.type === 'directory' ? 1 : Math.ceil(entry.size / 4096)
  }
  return { entries, bytes: blocks * 4096 }
}

/** The same kernel has the same identities: what is made of equal things is as equal as mke2fs lets it be. */
function identityOf(kernel: Uint8Array): DiskIdentity {
  const uuid = (purpose: string) => {
    const digits = createHash('sha256').update(purpose).update(kernel).digest('hex')
    const variant = (8 + (Number.parseInt(digits[16] ?? '0', 16) % 4)).toString(16)
    const parts = [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(13, 16)}`, variant + digits.slice(17, 20)]
    return [...parts, digits.slice(20, 32)].join('-')
  }
  return { disk: uuid('disk'), system: uuid('esp'), root: uuid('root') }
}

async function writeTable(
  folder: string,
  disk: string,
  layout: DiskLayout,
  identity: DiskIdentity,
  signal?: AbortSignal,
): Promise<void> {
  const script = join(folder, 'partitions')
  await writeFile(disk, '')
  await truncate(disk, layout.bytes)
  await writeFile(script, partitionScript(layout, identity))
  // sfdisk reads its script from stdin.
  await runToEnd(['sh', '-c', 'exec "$0" --quiet "$1" < "$2"', await requireTool('sfdisk'), disk, script], signal)
}

async function writeSystemPartition(
  folder: string,
  disk: string,
  { system }: DiskLayout,
  rootUuid: string,
  signal?: AbortSignal,
): Promise<void> {
  const [mkfs, mmd, mcopy] = await Promise.all([requireTool('mkfs.fat'), requireTool('mmd'), requireTool('mcopy')])
  const grub = await makeGrub(folder, rootUuid, signal)
  const identity = ['-n', 'ESP', '-i', rootUuid.slice(0, 8), '--invariant']
  const place = ['--offset', String(system.offset / 512), disk, String(system.bytes / 1024)]
  await runToEnd([mkfs, '-F', '32', '-s', '1', ...identity, ...place], signal)
  const image = `${disk}@@${system.offset}`
  await runToEnd([mmd, '-i', image, '::EFI', '::EFI/BOOT'], signal)
  await runToEnd([mcopy, '-i', image, grub, '::EFI/BOOT/BOOTX64.EFI'], signal)
}

/** The directory with the menu of GRUB and a kernel that it starts; links to its files where a file system allows. */
async function stageRoot(
  folder: string,
  directory: string,
  kernel: string,
  place: TreeKernel,
  identity: DiskIdentity,
  signal?: AbortSignal,
): Promise<string> {
  const staged = join(folder, 'root')
  const copy = [await requireTool('cp'), '--archive', '--one-file-system', '--no-target-directory']
  const isSame = (await stat(directory)).dev === (await stat(folder)).dev
  await runToEnd([...copy, isSame ? '--link' : '--reflink=auto', '--', directory, staged], signal)
  const replaced = hostPath(staged, place.path).toString()
  // It is a link to the directory's own file, which stays as it is.
  await rm(replaced)
  await copyFile(kernel, replaced)
  const menu = join(staged, 'boot', 'grub')
  await mkdir(menu, { recursive: true })
  await rm(join(menu, 'grub.cfg'), { force: true })
  await writeFile(join(menu, 'grub.cfg'), grubMenu(identity.root))
  return staged
}

async function writeRoot(
  disk: string,
  staged: string,
  { root }: DiskLayout,
  uuid: string,
  signal?: AbortSignal,
): Promise<void> {
  // GRUB 2.06 reads no file system with the first; a disk that grows needs no tables written ahead.
  const features = ['-O', '^metadata_csum_seed', '-E', `offset=${root.offset},hash_seed=${uuid},lazy_itable_init=1`]
  const identity = ['-L', 'cloud-root', '-U', uuid]
  const size = `${root.bytes / 1024}k`
  await runToEnd(
    [
      await requireTool('mke2fs'),
      '-q',
      '-F',
      '-t',
      'ext4',
      '-m',
      '1',
      ...features,
      ...identity,
      '-d',
      staged,
      disk,
      size,
    ],
    signal,
  )
}

/** What cloud-init calls for it; Debian's cloud-init only recommends it. */
async function growsToDisk(tree: ContractTree): Promise<boolean> {
  const found = await Promise.all(
    ['usr/bin/growpart', 'sbin/resize2fs'].map((path) => resolvePath(tree, path, 'guest')),
  )
  return found.every(({ kind }) => kind === 'found')
}
