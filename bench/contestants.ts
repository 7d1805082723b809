import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { quoteShell } from '../packages/recipe/src/shell.ts'
import { emptyZdb } from './empty-zdb.ts'
import type { TestImage } from './test-image.ts'

/** A way to do the work: a shell command, run in an empty directory of its own. */
export type Contestant = {
  readonly name: string
  readonly command: string
  /** Made before each run and not measured; a shell command in the same directory. */
  readonly prepare?: string
  /** Run after the last one. */
  readonly cleanUp?: string
}

const CLI = join(import.meta.dirname, '..', 'flist')
const has = (program: string) => spawnSync('/bin/sh', ['-c', `command -v ${program}`]).status === 0

/** The converter with nothing in its chunk store, with different numbers of threads, and with what earlier runs left. */
export function ourselves(image: TestImage): Contestant[] {
  const convert = (...options: string[]) => convertInto('chunks', image, options)
  // Without a colon it would be the name of an image whose tag is `latest`.
  const latest = '--image bench:latest'
  const before = convert(latest)
  return [
    { name: 'flist convert, cold, one core', command: `taskset -c 0 ${convert(latest, '--workers 0')}` },
    { name: 'flist convert, cold, no thread', command: convert(latest, '--workers 0') },
    { name: 'flist convert, cold, one thread', command: convert(latest, '--workers 1') },
    { name: 'flist convert, cold', command: convert(latest) },
    { name: 'flist convert, chunks known', command: convert(latest, '--no-cache'), prepare: before },
    { name: 'flist convert, layer known', command: convert(latest), prepare: before },
    { name: 'flist convert, 1 MB on top changed', command: convert('--image bench:changed'), prepare: before },
  ]
}

/** The same into an empty 0-db, as zflist has it, where there is one. */
export async function ourselvesInZdb(image: TestImage): Promise<Contestant[]> {
  if (!has('zdb')) return []
  const { begin, end, port } = await emptyZdb()
  const cold = convertInto(`zdb://127.0.0.1:${port}/default`, image, ['--image bench:latest'])
  const around = { prepare: begin, cleanUp: end }
  return [
    { name: 'flist convert into a 0-db, one core', command: `taskset -c 0 ${cold} --workers 0`, ...around },
    { name: 'flist convert into a 0-db', command: cold, ...around },
  ]
}

function convertInto(chunks: string, { layout }: TestImage, options: readonly string[]): string {
  return [quoteShell(CLI), 'convert', quoteShell(layout), `-o out.flist --chunks ${chunks}`, ...options].join(' ')
}

/** What a user would take instead, as far as it is on this machine; the first one is always there. */
export async function others(image: TestImage): Promise<Contestant[]> {
  const layer = quoteShell(image.layer)
  const found: Contestant[] = [
    { name: 'tar -xzf', command: `mkdir root && tar -xzf ${layer} -C root` },
    { name: 'gzip -dc', command: `gzip -dc < ${layer} > /dev/null` },
  ]
  if (has('zflist')) found.push(...(await tarAndZflist(layer)))
  if (has('umoci'))
    found.push({ name: 'umoci unpack', command: `umoci unpack --image ${quoteShell(`${image.layout}:latest`)} root` })
  if (has('docker') && spawnSync('docker', ['info']).status === 0) found.push(dockerExport(layer))
  return found
}

/** Chunks go to an empty 0-db where there is one; to the backend that ZFLIST_BACKEND names, as it is, where that is set. */
async function tarAndZflist(layer: string): Promise<Contestant[]> {
  const zdb = process.env.ZFLIST_BACKEND === undefined && has('zdb') ? await emptyZdb() : undefined
  const settings = `export ZFLIST_MNT=$PWD/mnt${zdb ? ` ZFLIST_BACKEND=${quoteShell(zdb.backend)}` : ''}`
  const steps = `mkdir root && tar -xzf ${layer} -C root && zflist init && zflist putdir root / && zflist commit o.flist`
  const command = `${settings}; ${steps}`
  const around = zdb ? { prepare: zdb.begin, cleanUp: zdb.end } : {}
  return [
    { name: 'tar + zflist', command, ...around },
    { name: 'tar + zflist, one core', command: `taskset -c 0 /bin/sh -c ${quoteShell(command)}`, ...around },
  ]
}

function dockerExport(layer: string): Contestant {
  const name = `tf-images-bench-${process.pid}`
  const imported = `docker image inspect ${name} > /dev/null 2>&1 || docker import ${layer} ${name}`
  const created = `docker container inspect ${name} > /dev/null 2>&1 || docker create --name ${name} ${name} true`
  return {
    name: 'docker export | tar -x (the engine not counted in cpu)',
    prepare: `{ ${imported}; } && { ${created}; }`,
    command: `mkdir root && docker export ${name} | tar -x -C root`,
    cleanUp: `docker rm ${name}; docker rmi ${name}`,
  }
}
