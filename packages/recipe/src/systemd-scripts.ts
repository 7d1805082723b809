import type { ServiceUnit } from './supervisor.ts'
import { ONESHOTS, PREFIX, unitText } from './systemd-units.ts'

/** Writes what the deployment sets, before any service starts. */
export const DEPLOYMENT_UNIT = `${PREFIX}deployment.service`
const DEPLOYMENT_SCRIPT = `/usr/local/libexec/${PREFIX}deployment`
/** What the deployment sets; only root reads it. */
export const DEPLOYMENT_ENVIRONMENT = `/run/${PREFIX}deployment.env`
/** Gives a service an output that it can open as /dev/stdout. */
export const OUTPUT_SCRIPT = `/usr/local/libexec/${PREFIX}output`

/** A shell pipe from variables, each ended by a NUL, to the file for systemd, quoted as systemd.exec(5) has it. */
export const WRITE_ENVIRONMENT = `sed -z -E -e '/^(PWD|OLDPWD|SHLVL|_)=/d' -e 's/["\\\\$\`]/\\\\&/g' -e 's/=(.*)$/="\\1"/' \\
  | tr '\\0' '\\n' > ${DEPLOYMENT_ENVIRONMENT}`

/** The files for all services together. */
export function sharedUnits({
  script,
  after,
}: {
  readonly script: string
  readonly after: readonly string[]
}): ServiceUnit[] {
  return [
    {
      target: `/etc/systemd/system/${ONESHOTS}`,
      content: unitText({ Unit: ['Description=What runs once at boot'] }),
      mode: 0o644,
    },
    {
      target: `/etc/systemd/system/${DEPLOYMENT_UNIT}`,
      content: unitText({
        Unit: ['Description=The environment of the deployment', ...after.map((unit) => `After=${unit}`)],
        Service: ['Type=oneshot', 'RemainAfterExit=yes', `ExecStart=${DEPLOYMENT_SCRIPT}`],
      }),
      mode: 0o644,
    },
    { target: DEPLOYMENT_SCRIPT, content: script, mode: 0o755 },
    { target: OUTPUT_SCRIPT, content: outputScript, mode: 0o755 },
  ]
}

const outputScript = `#!/bin/sh
# The output of a service is a socket, which no program can open as /dev/stdout; a pipe it can. What comes through the pipe
# is passed on to the journal until the last writer is gone, also while the service is asked to stop.
pipe=$(mktemp -u /run/tf-output.XXXXXX) && mkfifo -m 600 "$pipe" || exit 1
( (trap '' TERM INT HUP; exec cat < "$pipe") & )
exec > "$pipe" 2>&1
rm "$pipe"
exec "$@"
`
