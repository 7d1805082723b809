import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { missingTool, requireTool } from '../boot/machine-tools.ts'
import { runToEnd } from '../boot/run-to-end.ts'
import { mayAccess } from '../tool.ts'

const grubFolder = '/usr/lib/grub/x86_64-efi'

/** All it takes to find a file system by its UUID and to start a kernel from it. */
const modules = [
  ...['part_gpt', 'fat', 'ext2', 'search', 'search_fs_uuid', 'normal', 'configfile'],
  ...['linux', 'gzio', 'echo', 'test', 'serial', 'terminal'],
]

/** Runs before anything else: the menu is beside the kernel, in the root file system, where an owner can change it. */
function earlyConfig(rootUuid: string): string {
  return `search --no-floppy --fs-uuid --set=root ${rootUuid}\nset prefix=($root)/boot/grub\n`
}

/**
 * The menu. The links in the root directory come first: those Debian's packages move to a new kernel.
 */
export function grubMenu(rootUuid: string): string {
  return `set timeout=0
if [ -e /vmlinuz ]; then
  set kernel=/vmlinuz
  set initrd=/initrd.img
else
  set kernel=/boot/vmlinuz
  set initrd=/boot/initrd.img
fi
menuentry 'Linux' {
  linux $kernel root=UUID=${rootUuid} rw console=ttyS0
  initrd $initrd
}
`
}

/**
 * Makes GRUB as one file of the firmware, without installing anything: the firmware finds it as `EFI/BOOT/BOOTX64.EFI`.
 *
 * @param folder for what it is made of
 * @throws VmError 'tool-missing' naming the package, 'boot-failed'
 */
export async function makeGrub(folder: string, rootUuid: string, signal?: AbortSignal): Promise<string> {
  const grub = await requireTool('grub-mkimage')
  if (!(await mayAccess(join(grubFolder, 'normal.mod')))) throw missingTool(grubFolder, 'grub-efi-amd64-bin')
  const config = join(folder, 'early.cfg')
  const output = join(folder, 'BOOTX64.EFI')
  await writeFile(config, earlyConfig(rootUuid))
  const target = ['--format=x86_64-efi', `--directory=${grubFolder}`, '--prefix=/boot/grub']
  await runToEnd([grub, ...target, `--config=${config}`, `--output=${output}`, ...modules], signal)
  return output
}
