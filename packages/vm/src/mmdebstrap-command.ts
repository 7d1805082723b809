import { confinement } from './boot/machine-script.ts'
import type { BootstrapOptions } from './bootstrap-options.ts'
import { type BootstrapHooks, imageHooks } from './debian-hooks.ts'
import type { WorkFolder } from './work-folder.ts'

/**
 * The arguments of mmdebstrap 1.3 for a root tar on stdout.
 *
 * Always mode `unshare`, which for root is a mount namespace and a process namespace: with its processes everything it mounted is gone.
 */
export function mmdebstrapArguments(
  options: BootstrapOptions,
  folder: WorkFolder,
  hooks: BootstrapHooks = imageHooks,
): string[] {
  const { release, components, variant = 'minbase', include = [], mirror, snapshot, keyring, packageCache } = options
  return [
    '--mode=unshare',
    '--format=tar',
    `--variant=${variant}`,
    `--components=${components.join(',')}`,
    ...(include.length > 0 ? [`--include=${include.join(',')}`] : []),
    ...(keyring === undefined ? [] : [`--keyring=${keyring}`]),
    // What is old on purpose is not refused for its age.
    ...(snapshot === undefined ? [] : ['--aptopt=Acquire::Check-Valid-Until "false"']),
    ...hooks.arguments,
    ...(packageCache === undefined ? [] : cacheArguments(packageCache)),
    `--setup-hook=${folder.setupHook}`,
    `--customize-hook=${folder.customizeHook}`,
    release,
    '-',
    ...(mirror === undefined ? [] : [snapshot === undefined ? mirror : `${mirror.replace(/\/$/, '')}/${snapshot}/`]),
  ]
}

/** As mmdebstrap's manual has it: packages that are there are not downloaded, and all are kept until they were copied out. */
function cacheArguments(folder: string): string[] {
  const archives = '/var/cache/apt/archives'
  return [
    '--skip=download/empty,essential/unlink',
    `--setup-hook=mkdir -p "$1${archives}"`,
    `--setup-hook=sync-in ${folder} ${archives}`,
    `--customize-hook=sync-out ${archives} ${folder}`,
  ]
}

/** The whole environment of mmdebstrap, of apt and of the packages' scripts: the same on every machine. */
export function mmdebstrapEnvironment(
  options: BootstrapOptions,
  folder: WorkFolder,
  searchPath: readonly string[],
): Readonly<Record<string, string>> {
  return {
    ...options.environment,
    PATH: searchPath.join(':'),
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    TMPDIR: folder.root,
    SOURCE_DATE_EPOCH: String(options.sourceDateEpoch),
  }
}

/** What it takes for this user to run mmdebstrap. */
export type Privilege = {
  /** Stands before mmdebstrap. */
  readonly wrapper: readonly string[]
  /** Stands before a command that removes what mmdebstrap left. */
  readonly cleaner: readonly string[]
  /** Further programs that are needed, with the Debian package each is in. */
  readonly tools: Readonly<Record<string, string>>
}

/**
 * Root needs namespaces that end with this process, even by `kill -9`, and a mount namespace whose mounts do not come back: where `/` is a shared mount (every system with systemd), those of
 * mmdebstrap would be seen outside, and removing its folder after a failure would remove the machine's devices. Another user needs a
 * user namespace, which mmdebstrap makes itself, and again to remove files that belong to users of it.
 */
export function privilegeOf(isRoot: boolean): Privilege {
  if (!isRoot) {
    return {
      wrapper: [],
      cleaner: ['mmdebstrap', '--unshare-helper'],
      tools: { newuidmap: 'uidmap', newgidmap: 'uidmap', unshare: 'util-linux' },
    }
  }
  return {
    wrapper: confinement,
    cleaner: [],
    tools: { unshare: 'util-linux', setpriv: 'util-linux' },
  }
}
