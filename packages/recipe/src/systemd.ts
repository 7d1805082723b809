import type { Supervisor } from './supervisor.ts'
import {
  DEPLOYMENT_ENVIRONMENT,
  DEPLOYMENT_UNIT,
  OUTPUT_SCRIPT,
  sharedUnits,
  WRITE_ENVIRONMENT,
} from './systemd-scripts.ts'
import { serviceUnitOf, type UnitStyle, unitName } from './systemd-units.ts'

/** What other supervisors do by themselves: a service has the variables of the container, and an output it can open. */
const CONTAINER: UnitStyle = {
  starter: [OUTPUT_SCRIPT],
  lines: [`EnvironmentFile=-${DEPLOYMENT_ENVIRONMENT}`],
  first: DEPLOYMENT_UNIT,
  output: 'journal+console',
}

/**
 * systemd (recipes/snippets/systemd): a unit a service, as in systemd.service(5). One-shots run one after the other in front
 * of a target that the long-running services wait for.
 */
export const SYSTEMD: Supervisor = {
  snippet: 'systemd',
  entrypoint: ['/sbin/init'],
  // What it takes for "stop" in a container; SIGTERM makes it start itself again (systemd(1), "Signals").
  stopSignal: 'SIGRTMIN+3',
  unit: (service) => serviceUnitOf(service, CONTAINER),
  shared: () => sharedUnits({ script: deploymentScript, after: [] }),
  enable: (services) => {
    const units = services.map(({ name }) => unitName(name))
    const replaced = [...new Set(services.flatMap(({ replaces }) => replaces))]
    return [
      ...(replaced.length > 0 ? [`systemctl mask ${replaced.join(' ')}`] : []),
      `systemctl enable ${units.join(' ')}`,
    ]
  },
}

const deploymentScript = `#!/bin/sh
# systemd starts services without the variables of the container, which its own process has.
set -eu
umask 077
cat /proc/1/environ \\
  | ${WRITE_ENVIRONMENT}
`
