import type { ContentFile, LocatedText } from './image-contents.ts'
import type { Location } from './problem.ts'
import type { Supervisor } from './supervisor.ts'
import { SYSTEMD } from './systemd.ts'
import {
  DEPLOYMENT_ENVIRONMENT,
  DEPLOYMENT_UNIT,
  OUTPUT_SCRIPT,
  sharedUnits,
  WRITE_ENVIRONMENT,
} from './systemd-scripts.ts'
import { PREFIX, serviceUnitOf, type UnitStyle } from './systemd-units.ts'

/** What the recipe sets. */
const ENVIRONMENT = `/etc/${PREFIX}environment`

/** zos puts the environment of the deployment on the disk "cidata" only; that of the recipe is in no process either. */
const MACHINE: UnitStyle = {
  starter: [OUTPUT_SCRIPT],
  lines: [`EnvironmentFile=-${ENVIRONMENT}`, `EnvironmentFile=-${DEPLOYMENT_ENVIRONMENT}`],
  first: DEPLOYMENT_UNIT,
  output: 'journal',
}

/** The systemd a virtual machine has of its own: services start when cloud-init has set up name, network and keys. */
export const MACHINE_SYSTEMD: Supervisor = {
  ...SYSTEMD,
  unit: (service) => serviceUnitOf(service, MACHINE),
  shared: () => sharedUnits({ script: deploymentScript, after: ['cloud-init.service'] }),
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
  | ${WRITE_ENVIRONMENT}
`
