import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runCommand } from './command.ts'

/**
 * A base image of a few megabytes, so that tests of what happens around a build need not build much: this machine's shell
 * with the libraries it names, pushed to a registry.
 *
 * @param programs programs beside the shell, by path
 * @returns its reference
 */
export async function pushTinyBase(
  registryHost: string,
  folder: string,
  programs: readonly string[] = [],
): Promise<string> {
  const root = await makeTinyRoot(folder, programs)
  for (const name of ['dev', 'proc', 'run', 'sbin', 'sys', 'tmp']) await mkdir(join(root, name), { recursive: true })
  // Nothing is published that zos does not start: it waits for a line that never comes.
  await writeFile(join(root, 'sbin', 'init'), '#!/bin/sh\nread line\n', { mode: 0o755 })
  const reference = `${registryHost}/bases/tiny:1`
  const script =
    'tar -C "$1" --numeric-owner --owner=0 --group=0 -c . | docker import - "$2" && docker push --quiet "$2"'
  const pushed = await runCommand('sh', ['-c', script, 'sh', root, reference])
  if (pushed.code !== 0) throw new Error(`no tiny base: ${pushed.stderr}`)
  return reference
}

/**
 * The files of a tiny base in a folder of their own.
 *
 * @param programs programs beside the shell, by path; they come with their libraries
 */
export async function makeTinyRoot(folder: string, programs: readonly string[] = []): Promise<string> {
  const root = join(folder, 'tiny-base')
  const libraries = await runCommand('ldd', ['/bin/sh', ...programs])
  const paths = [...libraries.stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '')
  for (const path of new Set(['/bin/sh', ...programs, ...paths])) {
    const target = join(root, path)
    await mkdir(dirname(target), { recursive: true })
    await cp(path, target, { dereference: true })
  }
  await mkdir(join(root, 'etc'), { recursive: true })
  return root
}
