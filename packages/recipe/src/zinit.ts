import { quoteArgument } from './shell.ts'
import type { ResolvedService, ServiceUnit, Supervisor } from './supervisor.ts'

/** Waits for every one-shot; an image on top of another writes it again, so that the services below wait for those above. */
const ONESHOTS = 'oneshots'

/**
 * zinit (recipes/snippets/zinit): a YAML file a service in /etc/zinit. It splits `exec` into words as a shell would and starts
 * them without one (its use of the crate shlex), so the words are quoted for a shell, and the line for YAML.
 */
export const ZINIT: Supervisor = {
  snippet: 'zinit',
  entrypoint: ['/sbin/zinit', 'init'],
  unit: (service) => unitOf(service.name, service.exec, { ...service, after: waitsOf(service) }),
  shared: (services) => {
    const oneshots = services.filter(({ type }) => type === 'oneshot').map(({ name }) => name)
    return [unitOf(ONESHOTS, ['/bin/true'], { type: 'oneshot', after: oneshots })]
  },
}

function waitsOf({ type, after, previous }: ResolvedService): readonly string[] {
  if (type === 'longrun') return [ONESHOTS, ...after]
  return previous === undefined ? [] : [previous]
}

function unitOf(
  name: string,
  exec: readonly string[],
  { type, after }: Pick<ResolvedService, 'type' | 'after'>,
): ServiceUnit {
  const lines = [
    `exec: ${quoteYaml(exec.map(quoteArgument).join(' '))}`,
    ...(type === 'oneshot' ? ['oneshot: true'] : []),
    'log: stdout',
    ...(after.length > 0 ? ['after:', ...after.map((other) => `  - ${quoteYaml(other)}`)] : []),
  ]
  return { target: `/etc/zinit/${name}.yaml`, content: `${lines.join('\n')}\n`, mode: 0o644 }
}

/**
 * A double-quoted scalar for YAML 1.1 and 1.2. JSON is one, but for what YAML 1.1 takes for a line break or does not print:
 * these are written as escapes.
 */
export function quoteYaml(text: string): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(text).replaceAll(/[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]/g, escaped)
}
