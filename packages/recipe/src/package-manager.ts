import { CONTINUATION, type RunCommand } from './dockerfile.ts'
import type { Location } from './problem.ts'
import type { Base } from './recipes-schema.ts'

/** The package managers a snippet can list packages for. */
export type PackageManager = 'apt' | 'apk' | 'dnf' | 'pacman'

/** The package manager of each family of distributions. */
export const PACKAGE_MANAGERS: Readonly<Record<Base['family'], PackageManager>> = {
  debian: 'apt',
  alpine: 'apk',
  fedora: 'dnf',
  arch: 'pacman',
}

/** A package, and where the recipes name it. */
type LocatedPackage = { readonly text: string; readonly origin: Location }

/** The commands around the packages of a layer. */
type Installation = { readonly install: (packages: readonly string[]) => string[]; readonly cleanUp: readonly string[] }

/**
 * Nothing that belongs to the build or to one machine may stay in a layer: package lists, caches and logs, and the
 * machine-id, which has to be empty for a machine to get its own at boot.
 */
const INSTALLATIONS: Readonly<Record<PackageManager, Installation>> = {
  apt: {
    install: (packages) => [
      'apt-get update',
      brokenList('DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends', packages),
    ],
    cleanUp: [
      'apt-get clean',
      brokenList('rm -rf', [
        '/var/lib/apt/lists/*',
        '/var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log',
        '/var/cache/debconf/*-old /var/lib/dpkg/*-old /var/cache/ldconfig/aux-cache',
      ]),
      ': > /etc/machine-id',
    ],
  },
  apk: {
    install: (packages) => [brokenList('apk add --no-cache', packages)],
    cleanUp: ['rm -rf /var/cache/apk/* /var/log/apk.log', ': > /etc/machine-id'],
  },
  dnf: {
    install: (packages) => [brokenList('dnf install -y --nodocs --setopt=install_weak_deps=False', packages)],
    cleanUp: ['dnf clean all', 'rm -rf /var/cache/dnf /var/cache/libdnf5 /var/log/dnf*', ': > /etc/machine-id'],
  },
  pacman: {
    install: (packages) => [brokenList('pacman -Syu --noconfirm --needed', packages)],
    cleanUp: ['rm -rf /var/cache/pacman/pkg/* /var/lib/pacman/sync/* /var/log/pacman.log', ': > /etc/machine-id'],
  },
}

/** The commands of one layer: install the packages, run the steps that belong to them, leave nothing behind. */
export function installCommands(
  manager: PackageManager,
  packages: readonly LocatedPackage[],
  steps: readonly RunCommand[],
): RunCommand[] {
  const [first] = packages
  if (first === undefined) return [...steps]
  const { install, cleanUp } = INSTALLATIONS[manager]
  const command = (text: string): RunCommand => ({ text, compound: false, origins: [first.origin] })
  const installs = install(packages.map(({ text }) => text)).map(command)
  const last = installs.at(-1)
  const listing = last ? [{ ...last, origins: [first.origin, ...packages.map(({ origin }) => origin)] }] : []
  return [...installs.slice(0, -1), ...listing, ...steps, ...cleanUp.map(command)]
}

function brokenList(command: string, words: readonly string[]): string {
  return [command, ...words].join(` ${CONTINUATION}`)
}
