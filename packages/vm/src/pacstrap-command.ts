import type { BootstrapOptions } from './bootstrap-options.ts'
import type { WorkFolder } from './work-folder.ts'

/** First hook, packages, last hook, tar on stdout; pacstrap mounts what scripts need, and this what the last hook needs, in a mount namespace. */
const script = `
# The place of temporary files is not in the new root.
unset TMPDIR
exec 3>&1 1>&2
root=$1 setup=$2 customize=$3 epoch=$4 config=$5
shift 5
mkdir -m 755 "$root"
printf %s "$config" > "$root.conf"
"$setup" "$root"
echo 'I: installing the packages...'
pacstrap -C "$root.conf" -G -M "$root" "$@"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
"$customize" "$root"
umount -R "$root/dev"
umount "$root/proc"
rm -rf "$root"/var/cache/pacman/pkg/* "$root"/var/lib/pacman/sync/*
echo 'I: creating the tar...'
tar --create --directory "$root" --numeric-owner --sort=name --format=posix --pax-option=delete=atime,delete=ctime \\
  --xattrs '--xattrs-include=*' --mtime="@$epoch" --clamp-mtime --exclude=./dev . >&3
`

/**
 * The command line for a root tar of Arch Linux on stdout, by pacstrap of arch-install-scripts 28. The components are repositories;
 * `keyring` is a folder of keys as pacman-key makes it.
 */
export function pacstrapCommand(options: BootstrapOptions, folder: WorkFolder): string[] {
  return [
    'sh',
    '-euc',
    script,
    'bootstrap',
    `${folder.root}/system`,
    folder.setupHook,
    folder.customizeHook,
    String(options.sourceDateEpoch),
    pacmanConfiguration(options),
    ...(options.include ?? []),
  ]
}

/** Without a mirror it takes this machine's list of mirrors. */
function pacmanConfiguration({ components, mirror, snapshot, keyring, packageCache }: BootstrapOptions): string {
  const source = mirror === undefined ? 'Include = /etc/pacman.d/mirrorlist' : `Server = ${serverOf(mirror, snapshot)}`
  return [
    '[options]',
    'Architecture = x86_64',
    'SigLevel = Required DatabaseOptional',
    ...(keyring === undefined ? [] : [`GPGDir = ${keyring}`]),
    ...(packageCache === undefined ? [] : [`CacheDir = ${packageCache}`]),
    ...components.flatMap((repository) => [`[${repository}]`, source]),
    '',
  ].join('\n')
}

/** An archive of Arch Linux has the repositories of a day below year/month/day. */
function serverOf(mirror: string, snapshot: string | undefined): string {
  const day = snapshot?.replace(/^(\d{4})(\d\d)(\d\d).*$/, '/$1/$2/$3') ?? ''
  return `${mirror.replace(/\/$/, '')}${day}/$repo/os/$arch`
}

/** Programs of the script, with the Debian package each is in. */
export const pacstrapTools: Readonly<Record<string, string>> = {
  pacstrap: 'arch-install-scripts',
  pacman: 'pacman-package-manager',
  mount: 'mount',
  tar: 'tar',
}
