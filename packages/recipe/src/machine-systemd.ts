import type { ContentFile, LocatedText } from './image-contents.ts'
import type { Location } from './problem.ts'
import type { Supervisor } from './supervisor.ts'
import { ONESHOTS, PREFIX, SYSTEMD, serviceUnitOf, type UnitStyle, unitText } from './systemd.ts'

const DEPLOYMENT_UNIT = `${PREFIX}deployment.service`
const DEPLOYMENT_SCRIPT = `/usr/local/libexec/${PREFIX}deployment`
const OUTPUT_SCRIPT = `/usr/local/libexec/${PREFIX}output`
/** What the recipe sets. */
const ENVIRONMENT = `/etc/${PREFIX}environment`
/** What the deployment sets; only root reads it. */
const DEPLOYMENT_ENVIRONMENT = `/run/${PREFIX}deployment.env`

/**
 * In a container, a service finds the environment of the deployment, and a standard output that it can open as /dev/stdout. In a
 * machine neither is so: zos puts the environment on the disk "cidata" only, and the output is a socket. Both are made up for.
 */
const MACHINE: UnitStyle = {
  starter: [OUTPUT_SCRIPT],
  lines: [`EnvironmentFile=-${ENVIRONMENT}`, `EnvironmentFile=-${DEPLOYMENT_ENVIRONMENT}`],
  first: DEPLOYMENT_UNIT,
  output: 'journal',
  oneshotsWantedBy: ['multi-user.target'],
}

/** The systemd a virtual machine has of its own: services start when cloud-init has set up name, network and keys. */
export const MACHINE_SYSTEMD: Supervisor = {
  ...SYSTEMD,
  unit: (service) => serviceUnitOf({ ...service, environment: [] }, MACHINE),
  shared: () => [
    {
      target: `/etc/systemd/system/${ONESHOTS}`,
      content: unitText({ Unit: ['Description=What runs once at boot'] }),
      mode: 0o644,
    },
    {
      target: `/etc/systemd/system/${DEPLOYMENT_UNIT}`,
      content: unitText({
        Unit: ['Description=The environment of the deployment', 'After=cloud-init.service'],
        Service: ['Type=oneshot', 'RemainAfterExit=yes', `ExecStart=${DEPLOYMENT_SCRIPT}`],
      }),
      mode: 0o644,
    },
    { target: DEPLOYMENT_SCRIPT, content: deploymentScript, mode: 0o755 },
    { target: OUTPUT_SCRIPT, content: outputScript, mode: 0o755 },
  ],
}

/** The file with the variables of the recipe; none without variables. Values are quoted as systemd.exec(5) has it. */
export function environmentFile(variables: ReadonlyMap<string, LocatedText>, origin: Location): ContentFile[] {
  if (variables.size === 0) return []
  const lines = [...variables].map(([name, { text }]) => `${name}="${text.replaceAll(/[\\"$`]/g, '\\$&')}"\n`)
  return [{ target: ENVIRONMENT, mode: 0o644, origin, content: Buffer.from(lines.join('')) }]
}

const deploymentScript = `#!/bin/sh
# Where zos has put the environment of the deployment: a script on the disk "cidata", which a container's first process reads.
set -eu
umask 077
disk=/dev/disk/by-label/cidata
[ -e "$disk" ] || exit 0
folder=$(mktemp -d /run/tf-deployment.XXXXXX)
trap 'umount "$folder" 2> /dev/null || :; rmdir "$folder"' EXIT
mount -o ro "$disk" "$folder"
[ -f "$folder/zosrc" ] || exit 0
env -i /bin/sh -c '. "$1"; exec env -0' sh "$folder/zosrc" \\
  | sed -z -E -e '/^(PWD|OLDPWD|SHLVL|_)=/d' -e 's/["\\\\$\`]/\\\\&/g' -e 's/=(.*)$/="\\1"/' \\
  | tr '\\0' '\\n' > ${DEPLOYMENT_ENVIRONMENT}
`

const outputScript = `#!/bin/sh
# The output of a service is a socket, which no program can open as /dev/stdout; a pipe it can. What comes through the pipe
# is passed on to the journal until the last writer is gone, also while the service is asked to stop.
pipe=$(mktemp -u /run/tf-output.XXXXXX) && mkfifo -m 600 "$pipe" || exit 1
( (trap '' TERM INT HUP; exec cat < "$pipe") & )
exec > "$pipe" 2>&1
rm "$pipe"
exec "$@"
`
