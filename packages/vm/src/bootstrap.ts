import { tmpdir } from 'node:os'
import type { Readable } from 'node:stream'
import { bootstrapFailure } from './bootstrap-failure.ts'
import { type BootstrapOptions, type BootstrapTool, checkOptions } from './bootstrap-options.ts'
import { type BootstrapHooks, imageHooks } from './debian-hooks.ts'
import { debootstrapCommand, debootstrapTools } from './debootstrap-command.ts'
import { VmError } from './errors.ts'
import { mmdebstrapArguments, mmdebstrapEnvironment, type Privilege, privilegeOf } from './mmdebstrap-command.ts'
import { preparePackageCache } from './package-cache.ts'
import { pacstrapCommand, pacstrapTools } from './pacstrap-command.ts'
import { directoryHeader } from './tar-header.ts'
import { findTool, runTool } from './tool.ts'
import { requireUserNamespace } from './user-namespace.ts'
import { createWorkFolder, removeWorkFolder, type WorkFolder } from './work-folder.ts'
import { writeFileWhole } from './written-file.ts'

/** A root tar that was made. */
export type BootstrapResult = {
  readonly output: string
  /** Bytes of the tar. */
  readonly size: number
  /** sha256 of the tar in hex: the same for the same options and the same state of the archive. */
  readonly sha256: string
}

const debianPath: readonly string[] = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/**
 * Makes the root file system of a Debian release with mmdebstrap, as a plain tar that suits a container image.
 *
 * No time in it is after `sourceDateEpoch`, and nothing in it comes from the machine it was made on. `/dev` is an empty directory;
 * `/proc`, `/sys`, `/run` and `/tmp` are there. Root works in a mount namespace, another user in a user namespace (which needs the
 * package `uidmap` and a range in /etc/subuid), with the same result.
 *
 * @throws VmError 'tool-missing' with the Debian package to install, 'bootstrap-failed' with the last lines, 'cancelled', 'invalid-options'
 */
export async function bootstrapDebian(options: BootstrapOptions): Promise<BootstrapResult> {
  return bootstrapWith(options, imageHooks)
}

/** The same with other hooks. */
export async function bootstrapWith(options: BootstrapOptions, hooks: BootstrapHooks): Promise<BootstrapResult> {
  checkOptions(options)
  const searchPath = options.searchPath ?? debianPath
  const isRoot = process.getuid?.() === 0
  const privilege = privilegeOf(isRoot)
  const { tool = 'mmdebstrap' } = options
  if (tool !== 'mmdebstrap' && !isRoot) {
    const problem = `only root may run ${tool}; run it as root (sudo), or use mmdebstrap`
    throw new VmError('bootstrap-failed', `bootstrap of "${options.release}": ${problem}`, { failure: 'privilege' })
  }
  await requireTools({ ...toolPrograms[tool], ...privilege.tools }, searchPath)
  if (!isRoot) await requireUserNamespace(options.release, searchPath)
  if (options.packageCache !== undefined) await preparePackageCache(options.packageCache)
  const folder = await createWorkFolder(options.temporary ?? tmpdir(), hooks)
  try {
    const written = await writeFileWhole(options.output, (write) =>
      fillTar(options, hooks, folder, privilege, searchPath, write),
    )
    return { output: options.output, ...written }
  } catch (error) {
    if (error instanceof VmError) throw error
    const problem = error instanceof Error ? error.message : String(error)
    throw new VmError('bootstrap-failed', `${options.output}: ${problem}; give a place that can be written`, {
      cause: error,
    })
  } finally {
    await removeWorkFolder(folder, privilege.cleaner, searchPath).catch((error: unknown) => {
      options.onProgress?.(`left behind in ${folder.path}: ${error instanceof Error ? error.message : error}`)
    })
  }
}

const toolPrograms: Readonly<Record<BootstrapTool, Readonly<Record<string, string>>>> = {
  mmdebstrap: { mmdebstrap: 'mmdebstrap' },
  debootstrap: debootstrapTools,
  pacstrap: pacstrapTools,
}

function bootstrapCommand(options: BootstrapOptions, folder: WorkFolder, hooks: BootstrapHooks): string[] {
  if (options.tool === 'debootstrap') return debootstrapCommand(options, folder)
  if (options.tool === 'pacstrap') return pacstrapCommand(options, folder)
  return ['mmdebstrap', ...mmdebstrapArguments(options, folder, hooks)]
}

async function fillTar(
  options: BootstrapOptions,
  hooks: BootstrapHooks,
  folder: WorkFolder,
  { wrapper }: Privilege,
  searchPath: readonly string[],
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { release, signal, sourceDateEpoch } = options
  const cancelled = () =>
    new VmError('cancelled', `bootstrap of "${release}": cancelled by the caller; run it again`, {
      cause: signal?.reason,
    })
  if (signal?.aborted) throw cancelled()
  // The tools begin with /dev as well, but with devices in it or not at all.
  await write(directoryHeader('./dev/', sourceDateEpoch))
  const command = bootstrapCommand(options, folder, hooks)
  const end = await runTool([...wrapper, ...command], {
    environment: mmdebstrapEnvironment(options, folder, searchPath),
    onLine: (line) => {
      const progress = /^[IW]: (.*)$/.exec(line)?.[1]
      if (progress !== undefined) options.onProgress?.(progress)
    },
    readOutput: async (stdout: Readable) => {
      for await (const chunk of stdout) await write(chunk)
    },
    signal,
  })
  if (signal?.aborted) throw cancelled()
  if (end.exitCode !== 0) throw bootstrapFailure(options, end)
}

async function requireTools(packages: Readonly<Record<string, string>>, searchPath: readonly string[]): Promise<void> {
  for (const [tool, debianPackage] of Object.entries(packages)) {
    if (await findTool(tool, searchPath)) continue
    throw new VmError(
      'tool-missing',
      `bootstrap: there is no program "${tool}" on this machine; install it (apt-get install ${debianPackage})`,
      { debianPackage },
    )
  }
}
