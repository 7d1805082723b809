import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { requireTool } from '../boot/machine-tools.ts'
import { VmError } from '../errors.ts'
import { findTool, runTool } from '../tool.ts'
import type { MachineDownload, MachineStep, PreparedStep } from './machine-step.ts'

export type DownloadOptions = {
  /** Where files are kept by their hash; made where it is not there. */
  readonly folder: string
  /** Like `http_proxy`. */
  readonly environment?: Readonly<Record<string, string>>
  readonly onProgress?: (line: string) => void
  readonly signal?: AbortSignal
}

/** Beside apt, which every machine that makes a bootstrap has: it follows proxies and redirections, and checks hashes. */
const helperFolder = '/usr/lib/apt'

/**
 * Loads what steps of a machine load from the network, outside of the machine. A file that is in the folder is checked again and taken.
 *
 * @throws VmError 'download-failed' with the place that asks for the file, 'tool-missing', 'cancelled'
 */
export async function prepareSteps(steps: readonly MachineStep[], options: DownloadOptions): Promise<PreparedStep[]> {
  const zipped = steps.find((step) => step.kind === 'download' && step.archive?.format === 'zip')
  if (zipped) await requireTool('unzip')
  const prepared: PreparedStep[] = []
  for (const step of steps)
    prepared.push(step.kind === 'download' ? { ...step, path: await loadFile(step, options) } : step)
  return prepared
}

async function loadFile(step: MachineDownload, options: DownloadOptions): Promise<string> {
  const { url, sha256, place } = step
  const { folder, environment, onProgress, signal } = options
  const path = join(folder, sha256)
  if ((await hashOf(path)) === sha256) return path
  const helper = await findTool('apt-helper', [helperFolder])
  if (!helper) {
    const problem = 'there is no program "apt-helper" on this machine; install it (apt-get install apt)'
    throw new VmError('tool-missing', `${place}: ${problem}`, { debianPackage: 'apt' })
  }
  onProgress?.(`loading ${url}`)
  await mkdir(folder, { recursive: true })
  // What has another hash, apt-helper leaves beside it under another name.
  const partial = await mkdtemp(`${path}.`)
  const part = join(partial, 'file')
  try {
    const words = ['-oAPT::Sandbox::User=root', '-oAcquire::Retries=3', 'download-file', url, part, `SHA256:${sha256}`]
    const end = await runTool([helper, ...words], {
      environment: { ...environment, PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', HOME: '/nonexistent' },
      onLine: () => {},
      readOutput: async (stdout) => void stdout.resume(),
      ...(signal ? { signal } : {}),
    })
    if (signal?.aborted)
      throw new VmError('cancelled', `${place}: cancelled by the caller; run it again`, { cause: signal.reason })
    if (end.exitCode !== 0 || (await hashOf(part)) !== sha256) throw failure(step, end.tail)
    await rename(part, path)
    return path
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

function failure({ url, sha256, place }: MachineDownload, lines: readonly string[]): VmError {
  const said = lines.join('\n')
  if (/hash sum mismatch/i.test(said)) {
    const got = /- SHA256:([0-9a-f]{64})/g
    const found = [...said.matchAll(got)].map(([, hash]) => hash).find((hash) => hash !== sha256)
    const problem = `what is at ${url} has ${found ? `the SHA-256 ${found}` : 'another SHA-256'}, not ${sha256}`
    return new VmError('download-failed', `${place}: ${problem}; check the address, then the hash`, { place })
  }
  const line = lines.find((text) => text.startsWith('E: ')) ?? lines.at(-1) ?? 'nothing'
  const problem = `${url} could not be loaded after ${JSON.stringify(line.trim())}; check the address and the network`
  return new VmError('download-failed', `${place}: ${problem}`, { place, output: lines })
}

async function hashOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return hash.digest('hex')
}
