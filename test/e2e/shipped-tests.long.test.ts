import { expect, test } from 'vitest'
import { flist, runCommand } from '../harness/command.ts'
import { ensureDebianBase } from '../harness/debian-base.ts'
import { startRegistry } from '../harness/registry.ts'

/** All scenarios of this repository that only need Debian's archive. */
test.each([['snippet', ['nginx', 'runit', 'sshd', 'systemd']]] as const)('%s %j', async (kind, names) => {
  await using registry = await startRegistry()
  const debian = `${registry.host}/library/debian:12`
  try {
    const script = 'docker tag "$1" "$2" && docker push --quiet "$2"'
    await runCommand('sh', ['-c', script, 'sh', await ensureDebianBase(), debian])
    const { code, stdout } = await flist(['test', kind, ...names, '--registry', `${registry.host}/images`])
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.not.stringContaining('failed') })
  } finally {
    await runCommand('docker', ['rmi', '--force', debian])
  }
})
