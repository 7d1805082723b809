import type { ResolvedService, ServiceUnit } from './supervisor.ts'

/** What units differ in between a container and a machine of its own. */
export type UnitStyle = {
  /** Stands before the program. */
  readonly starter: readonly string[]
  /** Lines of the service besides. */
  readonly lines: readonly string[]
  /** Unit that has to have run before any service. */
  readonly first: string
  /** Where the output goes. */
  readonly output: string
}

/** In front of the names of units, so that none is that of a unit, or of its alias, that a package brings. */
export const PREFIX = 'tf-'
/** Reached when every one-shot ran; those of an image on top of another join it by themselves. */
export const ONESHOTS = `${PREFIX}oneshots.target`

/** The unit of a service. */
export function serviceUnitOf(service: ResolvedService, style: UnitStyle): ServiceUnit {
  return service.type === 'oneshot' ? oneshotUnit(service, style) : longrunUnit(service, style)
}

function oneshotUnit(service: ResolvedService, style: UnitStyle): ServiceUnit {
  const { name, previous } = service
  const before = [style.first, ...(previous ? [unitName(previous)] : [])]
  return serviceUnit(name, {
    Unit: [`Description=${name}`, `Wants=${style.first}`, `After=${before.join(' ')}`, `Before=${ONESHOTS}`],
    Service: ['Type=oneshot', 'RemainAfterExit=yes', ...startLines(service, style)],
    // By the second also where no service waits for them.
    Install: [`WantedBy=${ONESHOTS} multi-user.target`],
  })
}

function longrunUnit(service: ResolvedService, style: UnitStyle): ServiceUnit {
  const { name, after } = service
  const others = [style.first, ONESHOTS, ...after.map(unitName)]
  return serviceUnit(name, {
    Unit: [`Description=${name}`, `Wants=${others.join(' ')}`, `After=${others.join(' ')}`],
    Service: [...startLines(service, style), 'Restart=always', 'RestartSec=1'],
    Install: ['WantedBy=multi-user.target'],
  })
}

function startLines({ exec }: ResolvedService, { starter, lines, output }: UnitStyle): string[] {
  return [
    `ExecStart=${[...starter, ...exec].map(quoteSystemd).join(' ')}`,
    ...lines,
    `StandardOutput=${output}`,
    `StandardError=${output}`,
  ]
}

function serviceUnit(name: string, sections: Readonly<Record<string, readonly string[]>>): ServiceUnit {
  return { target: `/etc/systemd/system/${unitName(name)}`, content: unitText(sections), mode: 0o644 }
}

export function unitText(sections: Readonly<Record<string, readonly string[]>>): string {
  const written = Object.entries(sections).map(([title, lines]) => `[${title}]\n${lines.join('\n')}\n`)
  return written.join('\n')
}

export function unitName(service: string): string {
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
