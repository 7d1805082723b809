import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { repository, runCommand } from '../harness/command.ts'

const VERSION = 'v0.2.89'
const folder = join(repository, '.tools', 'bin')

/**
 * The program that runs workflow files on this machine: the one on PATH, else it is built once with the machine's Go.
 *
 * @throws Error that says what is missing; what these tests show is then not shown, and they fail
 */
export async function findAct(): Promise<string> {
  const found = await runCommand('sh', ['-c', 'command -v act'], {
    env: { PATH: `${process.env.PATH}${delimiter}${folder}` },
  })
  if (found.code === 0) return found.stdout.trim()
  await mkdir(folder, { recursive: true })
  const built = await runCommand('go', ['install', `github.com/nektos/act@${VERSION}`], {
    env: { GOBIN: folder, GOFLAGS: '-buildvcs=false' },
  }).catch((error: Error) => ({ code: 1, stderr: error.message }))
  if (built.code === 0) return join(folder, 'act')
  throw new Error(
    `act: it is not on PATH, and "go install github.com/nektos/act@${VERSION}" failed; install act, or Go as new as act wants: ${built.stderr}`,
  )
}
