import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { repository, runCommand } from '../harness/command.ts'

const folder = join(repository, '.tools', 'bin')

/** Where Go is when it was installed as its makers say; not every PATH has it. */
const GO_FOLDER = '/usr/local/go/bin'

/** Programs for workflow files: one runs them on this machine, one looks for mistakes in them. */
const MODULES = {
  act: 'github.com/nektos/act@v0.2.89',
  actionlint: 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12',
} as const

/**
 * Path of a program: the one on PATH, else it is built once with the machine's Go.
 *
 * @throws Error that says what is missing; what these tests show is then not shown, and they fail
 */
export async function findGoProgram(name: keyof typeof MODULES): Promise<string> {
  const found = await runCommand('sh', ['-c', `command -v ${name}`], {
    env: { PATH: `${process.env.PATH}${delimiter}${folder}` },
  })
  if (found.code === 0) return found.stdout.trim()
  await mkdir(folder, { recursive: true })
  // Under its name only when it is whole: tests that run at the same time look for it there.
  const work = await mkdtemp(join(folder, 'build-'))
  const built = await runCommand('go', ['install', MODULES[name]], {
    env: { PATH: `${process.env.PATH}${delimiter}${GO_FOLDER}`, GOBIN: work, GOFLAGS: '-buildvcs=false' },
  }).catch((error: Error) => ({ code: 1, stderr: error.message }))
  if (built.code === 0) await rename(join(work, name), join(folder, name))
  await rm(work, { recursive: true, force: true })
  if (built.code === 0) return join(folder, name)
  throw new Error(
    `${name}: it is not on PATH, and "go install ${MODULES[name]}" failed; install it, or Go as new as it wants: ${built.stderr}`,
  )
}
