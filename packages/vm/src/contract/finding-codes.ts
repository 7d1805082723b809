/**
 * `error`: the machine does not start, or not as what it was made for, or lets strangers in. `warning`: it starts, and something is
 * worse than it need be.
 */
export type Severity = 'error' | 'warning'

type CodeDescription = {
  readonly severity: Severity
  /** What it means on a node. */
  readonly explanation: string
  /** What to do. */
  readonly remedy: string
}

const error = (explanation: string, remedy: string): CodeDescription => ({ severity: 'error', explanation, remedy })
const warning = (explanation: string, remedy: string): CodeDescription => ({ severity: 'warning', explanation, remedy })

const rebuildInitrd = 'add the modules to /etc/initramfs-tools/modules and run update-initramfs -u'

/** Every code of the lint, by what it is about. */
export const findingCodes = {
  // How zos decides what the flist is
  'flist-extension': error(
    'zos mounts only addresses that end in .flist or .fl; others are refused as an unknown extension',
    'publish it under a name with that ending',
  ),
  'boot-link-absolute': error(
    'zos looks from the node, where an absolute link leads out of the flist; the file is taken for missing, and the flist silently runs as a container',
    'make the link relative: ln -sr',
  ),
  'boot-link-escapes': error(
    'zos looks from the node, where the link leads out of the flist; the file is taken for missing',
    'make the link lead to a file beside it',
  ),
  'boot-link-dangling': error(
    'the link leads to nothing; the file is taken for missing, and without a kernel the flist silently runs as a container',
    'link to the file that is there',
  ),
  'boot-not-a-file': error(
    'zos refuses to deploy when this is no regular file',
    'put the file itself there, or a relative link to it',
  ),
  'kernel-not-linked': error(
    'zos starts the kernel at /boot/vmlinuz only; without it the flist silently runs as a container',
    'ln -s vmlinuz-RELEASE boot/vmlinuz, and the same for initrd.img',
  ),
  'kernel-missing': error(
    'there is no kernel, so zos runs the flist as a container and not as a virtual machine',
    'install a kernel package and link boot/vmlinuz to it',
  ),
  // Kernel
  'kernel-unknown': error(
    'this is no kernel: the machine stays silent for ever',
    'put an uncompressed x86-64 kernel (ELF with the PVH note) there',
  ),
  'kernel-architecture': error(
    'the kernel is for another processor than the nodes have',
    'install the kernel for amd64',
  ),
  'kernel-no-pvh': error(
    'Cloud Hypervisor refuses an ELF kernel without the note XEN_ELFNOTE_PHYS32_ENTRY (KernelMissingPvhHeader)',
    'use a kernel built with CONFIG_PVH=y',
  ),
  'kernel-truncated': error('a part of the kernel is not in the file', 'get the kernel again'),
  'kernel-compressed': warning(
    'a bzImage starts on Cloud Hypervisor 39 and not on those from 2021 to 2024',
    'unpack it to ELF: flist doctor --fix',
  ),
  'kernel-modules-missing': error(
    'the modules of this kernel are not there: no network, no further file systems',
    'install the modules of the same release, or the kernel they are of',
  ),
  // Initial RAM disk
  'initrd-missing': error(
    'zos then starts the kernel with none at all: "VFS: Unable to mount root fs" when virtiofs is a module, as in every distribution',
    'run update-initramfs -c -k all and link boot/initrd.img to the result',
  ),
  'initrd-unreadable': error('the kernel can not unpack it', 'build it again'),
  'initrd-no-init': error('there is no /init in it: the kernel panics', 'build it again with the distribution’s tool'),
  'initrd-no-virtiofs': error('it has no virtiofs: "Failed to mount vroot as root file system"', rebuildInitrd),
  'initrd-no-virtio-pci': error('it has no virtio_pci: the root device is never found', rebuildInitrd),
  'initrd-release': error(
    'its modules are of another release than the kernel: none of them loads',
    'build it for this kernel: update-initramfs -c -k RELEASE',
  ),
  'initrd-rootdelay': warning(
    'Debian’s script sleeps 30 seconds for the "rootdelay=30" that zos passes',
    'add a script to /etc/initramfs-tools/scripts/init-top that writes ROOTDELAY= to /conf/param.conf',
  ),
  // Init, cloud-init, network of a virtual machine
  'init-missing': error(
    '/sbin/init leads to nothing: "No init found"',
    'install systemd-sysv, which minimal package sets leave out',
  ),
  'cloud-init-missing': error(
    'addresses, host name and SSH keys come by cloud-init alone: the machine can not be reached',
    'install cloud-init',
  ),
  'cloud-init-disabled': error('cloud-init does nothing: the machine can not be reached', 'remove the file'),
  'cloud-init-not-started': error('no unit or generator of systemd starts cloud-init', 'install the package whole'),
  'cloud-init-ran': error(
    'it holds the state of a machine that ran: cloud-init may take it for its own and do nothing',
    'run cloud-init clean',
  ),
  'cloud-init-datasource': error(
    'the data comes as NoCloud, which is not among the sources that are looked for',
    'write "datasource_list: [ NoCloud, None ]" to /etc/cloud/cloud.cfg.d/99-zos.cfg',
  ),
  'cloud-init-locale': warning(
    'without the package locales cloud-init ends in an error, since it can not make the locale',
    'write "locale: C.UTF-8" to /etc/cloud/cloud.cfg.d/99-zos.cfg',
  ),
  'network-missing': error(
    'nothing takes the addresses from cloud-init: there is no DHCP on the grid',
    'install netplan.io, ifupdown, network-manager or systemd-networkd',
  ),
  // Directories
  'directory-missing': error(
    'something is mounted there before anything runs: without /dev the machine does not start',
    'make the empty directory',
  ),
  'directory-not-empty': warning('what is in it is hidden under a mount and only costs space', 'empty it'),
  // Identity
  'machine-id-set': error(
    'all machines from this flist have the same id, and the same DHCP and journal identity',
    'empty the file',
  ),
  'machine-id-missing': warning(
    'systemd takes the first start for something else than a first boot',
    'make an empty file',
  ),
  'host-keys': error(
    'all machines from this flist have the same SSH host keys, whose private part everybody has',
    'remove them',
  ),
  'authorized-keys': error('who has this key can log in to all machines from this flist', 'remove the file'),
  'hostname-foreign': warning('it is the name of the machine that built it', 'write localhost'),
  'root-password-empty': error('root can log in without a password', 'lock it: passwd -l root'),
  // Name resolution
  'resolv-conf-dangling': error(
    'it is a link to a resolver that is not installed: no name is resolved',
    'install systemd-resolved, or put a file there',
  ),
  'resolv-conf-link': error(
    'the container’s initial RAM disk writes this file; it can not through a link: no name is resolved',
    'put an empty regular file there',
  ),
  'resolv-conf-private': warning(
    'the resolver of the machine that built it is not reachable from a node',
    'empty the file',
  ),
  // Entrypoint of a container
  'entrypoint-missing': error(
    'without an entrypoint in the deployment /sbin/init is started, which is not there: "does not exist. Bailing out"',
    'give the entrypoint, or put a /sbin/init there that starts it',
  ),
  'entrypoint-relative': error('the entrypoint is looked for below the root, not in PATH', 'give its full path'),
  'entrypoint-absolute-link': error(
    'the entrypoint is tested before the root is changed, where an absolute link on its path leads elsewhere: "does not exist. Bailing out"',
    'name the file itself, or make the link relative',
  ),
  'entrypoint-not-executable': error('the entrypoint may not be executed', 'chmod +x'),
  'entrypoint-format': error(
    'the kernel can not execute it: it is neither ELF nor a script that begins with #!',
    'add the #! line, or name the program',
  ),
  'entrypoint-architecture': error(
    'the program is for another processor than the nodes have',
    'build it for linux/amd64',
  ),
  'entrypoint-interpreter': error(
    'its interpreter or its dynamic linker is not there',
    'install it, or link the program statically',
  ),
  'entrypoint-in-vm': error(
    'in a virtual machine the entrypoint becomes init= on the kernel’s command line, unquoted: one absolute path without arguments',
    'give one path, or none',
  ),
  'startup-toml': warning(
    'zos takes the environment of /.startup.toml and not its entrypoint',
    'give the entrypoint in the deployment, or put a /sbin/init there that starts it',
  ),
  // Disk image
  'image-raw-qcow2': error(
    'zos copies the image to the disk as it is: a qcow2 does not start',
    'qemu-img convert -O raw',
  ),
  'image-raw-size': error('a disk has whole sectors of 512 bytes', 'make the image again'),
  'image-raw-partitions': error('the firmware finds no GUID partition table', 'make the image with a GPT'),
  'image-raw-no-esp': error(
    'the firmware starts from an EFI system partition, and there is none',
    'add one with EFI/BOOT/BOOTX64.EFI',
  ),
  'image-raw-hides-kernel': warning(
    'zos copies image.raw and never looks at the kernel beside it',
    'keep one of the two',
  ),
  'image-raw-large': warning(
    'an image shares almost no chunks with others, where the files of a virtual machine share almost all; it is copied whole, holes as zeros, to a disk of the user at the first start',
    'publish the tree with its kernel instead',
  ),
  // The rest of the tree
  'root-attributes': error(
    'the root directory is not 0:0 0755: programs that do not run as root can not enter',
    'chown 0:0, chmod 0755',
  ),
  'owner-too-large': error('owners over 65534 belong to nobody on the node', 'give the files to an owner below'),
  'device-nodes': warning('devices come from the kernel; those in a flist are not', 'remove them'),
  'package-lists': warning('lists of packages are out of date when somebody starts this', 'rm -r var/lib/apt/lists/*'),
  'package-cache': warning('downloaded packages are never needed again', 'apt-get clean'),
  'docker-marker': warning('/.dockerenv makes programs believe that they run in Docker', 'remove it'),
  'services-denied': warning(
    'packages installed in the machine do not start their services',
    'remove usr/sbin/policy-rc.d',
  ),
} as const satisfies Readonly<Record<string, CodeDescription>>

export type FindingCode = keyof typeof findingCodes
