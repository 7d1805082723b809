import type { BootstrapOptions } from './bootstrap-options.ts'
import type { WorkFolder } from './work-folder.ts'

/**
 * What mmdebstrap does in one run, in the steps of debootstrap and apt: smallest system, first hook, packages, last hook, tar on stdout.
 * It runs in a mount namespace, so what it mounts is gone with it.
 */
const script = `
# The place of temporary files is not in the new root.
unset TMPDIR
exec 3>&1 1>&2
root=$1 setup=$2 customize=$3 cache=$4 epoch=$5 expired=$6
shift 6
mkdir "$root"
debootstrap --variant=minbase "$@" "$release" "$root" $mirror
"$setup" "$root"
mount -t proc proc "$root/proc"
archives=$root/var/cache/apt/archives
if [ -n "$cache" ]; then find "$cache" -name '*.deb' -exec cp -t "$archives" {} +; fi
apt() {
  chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get --yes -oAcquire::Check-Valid-Until="$expired" \\
    -oDpkg::Options::=--force-confold -oDpkg::Use-Pty=0 "$@"
}
echo 'I: running apt-get update...'
apt update
echo 'I: installing the packages...'
if [ -n "$include" ]; then apt --no-install-recommends install $include; fi
if [ -n "$cache" ]; then find "$archives" -maxdepth 1 -name '*.deb' -exec cp --remove-destination -t "$cache" {} +; fi
"$customize" "$root"
apt clean
umount "$root/proc"
rm -rf "$root/var/lib/apt/lists"
mkdir -p "$root/var/lib/apt/lists/partial"
echo 'I: creating the tar...'
tar --create --directory "$root" --numeric-owner --sort=name --format=posix --pax-option=delete=atime,delete=ctime \\
  --xattrs '--xattrs-include=*' --mtime="@$epoch" --clamp-mtime --exclude=./dev . >&3
`

/**
 * The command line for a root tar on stdout by debootstrap 1.0. Names of packages, the release and the mirror have no blanks in them:
 * the options were checked.
 */
export function debootstrapCommand(options: BootstrapOptions, folder: WorkFolder): string[] {
  const { release, components, include = [], mirror = '', snapshot, keyring, packageCache = '' } = options
  const source = snapshot === undefined ? mirror : `${mirror.replace(/\/$/, '')}/${snapshot}/`
  const values = `release=${release} include='${include.join(' ')}' mirror='${source.replaceAll("'", '%27')}'\n`
  return [
    'sh',
    '-euc',
    values + script,
    'bootstrap',
    `${folder.root}/system`,
    folder.setupHook,
    folder.customizeHook,
    packageCache,
    String(options.sourceDateEpoch),
    String(snapshot === undefined),
    `--components=${components.join(',')}`,
    ...(keyring === undefined ? [] : [`--keyring=${keyring}`]),
    ...(packageCache === '' ? [] : [`--cache-dir=${packageCache}`]),
  ]
}

/** Programs of the script, with the Debian package each is in. */
export const debootstrapTools: Readonly<Record<string, string>> = {
  debootstrap: 'debootstrap',
  mount: 'mount',
  chroot: 'coreutils',
  tar: 'tar',
}
