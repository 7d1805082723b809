import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { getInput } from '@actions/core'
import type { LegResult, StageName } from '@tf-images/pipeline'
import { parseLegResult } from '@tf-images/pipeline/stages/leg-result'
import type { Artifacts } from './artifacts.ts'
import { removeAtEnd } from './cleanup.ts'

/** Where an action works, and where the next one finds what it made. */
export type WorkFolder = {
  readonly path: string
  /** Flists and chunks of a leg. */
  readonly leg: (leg: string) => string
}

/** The work folder; one that nobody named is removed when the job ends. */
export function openWorkFolder(): WorkFolder {
  const given = getInput('work-folder')
  const path = resolve(given || join(process.env.RUNNER_TEMP ?? '.', 'flist'))
  if (!given) removeAtEnd({ folder: path })
  return { path, leg: (leg) => join(path, 'legs', leg || 'one') }
}

/** Writes a result where the next job finds it: in the work folder, and for other machines as an artifact. */
export async function keepResult(work: WorkFolder, artifacts: Artifacts, result: LegResult): Promise<string> {
  const name = resultName(result.stage, result.leg)
  const folder = join(work.path, 'results', name)
  const path = join(folder, 'result.json')
  await mkdir(folder, { recursive: true })
  await writeFile(path, `${JSON.stringify(result, null, 2)}\n`)
  if (result.leg !== '') await artifacts.upload(name, folder)
  return path
}

/**
 * What another job of this run made of a leg.
 *
 * @throws Error when that job left nothing, which it does when it failed before its work
 */
export async function findResult(
  work: WorkFolder,
  artifacts: Artifacts,
  stage: StageName,
  leg: string,
): Promise<LegResult> {
  const name = resultName(stage, leg)
  const folder = join(work.path, 'results', name)
  const path = join(folder, 'result.json')
  if (!(await exists(path)) && !(await artifacts.download(name, folder))) {
    throw new Error(`leg "${leg}": the ${stage} job left no result "${name}"; see why it failed, and run it again`)
  }
  return parseLegResult(await readFile(path, 'utf8'), name)
}

/** Flists and chunks of a leg, from the work folder or the job that converted it. */
export async function findFlists(work: WorkFolder, artifacts: Artifacts, leg: string): Promise<string> {
  const folder = work.leg(leg)
  if ((await exists(join(folder, 'flists'))) || (await artifacts.download(flistsName(leg), folder))) return folder
  throw new Error(`leg "${leg}": the convert job left no "${flistsName(leg)}"; run it again`)
}

/** Keeps flists and chunks of a leg for another machine. */
export async function keepFlists(work: WorkFolder, artifacts: Artifacts, leg: string): Promise<void> {
  if (leg !== '') await artifacts.upload(flistsName(leg), work.leg(leg))
}

/** Every result of this run, of all jobs. */
export async function allResults(work: WorkFolder, artifacts: Artifacts): Promise<readonly LegResult[]> {
  const names = (await artifacts.list()).filter((name) => name.startsWith('result-'))
  const results: LegResult[] = []
  for (const name of names) {
    const folder = join(work.path, 'collected', name)
    await rm(folder, { recursive: true, force: true })
    if (!(await artifacts.download(name, folder))) continue
    results.push(parseLegResult(await readFile(join(folder, 'result.json'), 'utf8'), name))
  }
  return results
}

const resultName = (stage: StageName, leg: string) => `result-${stage}-${leg || 'one'}`
const flistsName = (leg: string) => `flists-${leg}`

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
