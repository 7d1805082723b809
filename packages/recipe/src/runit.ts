import { quoteArgument } from './shell.ts'
import type { ResolvedService, ServiceUnit, Supervisor } from './supervisor.ts'

/**
 * runit behind an init script of our own (recipes/snippets/runit): one-shots are scripts that run in the order of their
 * names before runsvdir starts; a long-running service is a folder with a `run` script, as in runsv(8). The folder is a
 * directory of its own under /etc/runit/runsvdir, which /etc/service leads to: Debian's packages put their services into
 * the one called "default", where nothing reads them.
 */
export const RUNIT: Supervisor = {
  snippet: 'runit',
  entrypoint: ['/sbin/init'],
  unit: (service) => (service.type === 'oneshot' ? oneshotUnit(service) : longrunUnit(service)),
}

function oneshotUnit({ name, exec, position }: ResolvedService): ServiceUnit {
  const number = String(position).padStart(2, '0')
  return script(`/etc/runit/oneshots/${number}-${name}`, [`exec ${commandLine(exec)}`])
}

/** runsv starts a service again after a second, so one that waits for another just ends until that one is up. */
function longrunUnit({ name, exec, after }: ResolvedService): ServiceUnit {
  const waits = after.length > 0 ? [`sv check ${after.map(quoteArgument).join(' ')} > /dev/null || exit 1`] : []
  return script(`/etc/runit/runsvdir/services/${name}/run`, ['exec 2>&1', ...waits, `exec ${commandLine(exec)}`])
}

function commandLine(words: readonly string[]): string {
  return words.map(quoteArgument).join(' ')
}

function script(target: string, lines: readonly string[]): ServiceUnit {
  return { target, content: `${['#!/bin/sh', ...lines].join('\n')}\n`, mode: 0o755 }
}
