import type { ResolvedService, ServiceUnit, Supervisor } from './supervisor.ts'

/** In front of the names of units, so that none is that of a unit, or of its alias, that a package brings. */
const PREFIX = 'tf-'
/** Reached when every one-shot ran; those of an image on top of another join it by themselves. */
const ONESHOTS = `${PREFIX}oneshots.target`

/**
 * systemd (recipes/snippets/systemd): a unit a service, as in systemd.service(5). One-shots run one after the other in front
 * of a target that the long-running services wait for.
 */
export const SYSTEMD: Supervisor = {
  snippet: 'systemd',
  entrypoint: ['/sbin/init'],
  // What it takes for "stop" in a container; SIGTERM makes it start itself again (systemd(1), "Signals").
  stopSignal: 'SIGRTMIN+3',
  unit: (service) => (service.type === 'oneshot' ? oneshotUnit(service) : longrunUnit(service)),
  shared: () => [
    {
      target: `/etc/systemd/system/${ONESHOTS}`,
      content: unitText({ Unit: ['Description=What runs once at boot'] }),
      mode: 0o644,
    },
  ],
  enable: (services) => {
    const units = services.map(({ name }) => unitName(name))
    const replaced = [...new Set(services.flatMap(({ replaces }) => replaces))]
    return [
      ...(replaced.length > 0 ? [`systemctl mask ${replaced.join(' ')}`] : []),
      `systemctl enable ${units.join(' ')}`,
    ]
  },
}

function oneshotUnit(service: ResolvedService): ServiceUnit {
  const { name, previous } = service
  return serviceUnit(name, {
    Unit: [`Description=${name}`, ...(previous ? [`After=${unitName(previous)}`] : []), `Before=${ONESHOTS}`],
    Service: ['Type=oneshot', 'RemainAfterExit=yes', ...startLines(service)],
    Install: [`WantedBy=${ONESHOTS}`],
  })
}

function longrunUnit(service: ResolvedService): ServiceUnit {
  const { name, after } = service
  const others = after.map(unitName)
  return serviceUnit(name, {
    Unit: [
      `Description=${name}`,
      `Wants=${[ONESHOTS, ...others].join(' ')}`,
      `After=${[ONESHOTS, ...others].join(' ')}`,
    ],
    Service: [...startLines(service), 'Restart=always', 'RestartSec=1'],
    Install: ['WantedBy=multi-user.target'],
  })
}

function startLines({ exec, environment }: ResolvedService): string[] {
  return [
    `ExecStart=${exec.map(quoteSystemd).join(' ')}`,
    ...(environment.length > 0 ? [`PassEnvironment=${environment.join(' ')}`] : []),
    'StandardOutput=journal+console',
    'StandardError=journal+console',
  ]
}

function serviceUnit(name: string, sections: Readonly<Record<string, readonly string[]>>): ServiceUnit {
  return { target: `/etc/systemd/system/${unitName(name)}`, content: unitText(sections), mode: 0o644 }
}

function unitText(sections: Readonly<Record<string, readonly string[]>>): string {
  const written = Object.entries(sections).map(([title, lines]) => `[${title}]\n${lines.join('\n')}\n`)
  return written.join('\n')
}

function unitName(service: string): string {
  return `${PREFIX}${service}.service`
}

/**
 * A word of ExecStart: `%` starts a specifier and `$` a variable, each doubled to stand for itself; in double quotes a
 * backslash starts an escape as in C (systemd.service(5), "Command lines"; systemd.syntax(7), "Quoting").
 */
export function quoteSystemd(word: string): string {
  const text = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  if (/^[A-Za-z0-9_./:@%+,=$-]+$/.test(text)) return text
  const escaped = text
    .replaceAll(/[\\"]/g, '\\$&')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    .replaceAll(/[\x01-\x1f\x7f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return `"${escaped}"`
}
