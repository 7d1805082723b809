import { dependencyOrder } from './dependency-order.ts'
import type { ImageDefinition } from './image.ts'
import type { Location, Report } from './problem.ts'
import type { ServiceDefinition, Snippet } from './snippet.ts'
import { suggest } from './suggestion.ts'

/** What is settled about a service before its arguments are known. */
export type OrderedService = {
  readonly definition: ServiceDefinition
  readonly snippet: string
  /** The long-running services it waits for. */
  readonly after: readonly string[]
  /** Its place among the one-shots of the boot, from 1; 0 for a long-running service. */
  readonly position: number
  /** The one-shot before this one-shot, if any. */
  readonly previous?: string
}

export type ServiceOrder = ReadonlyMap<string, OrderedService>

type Use = { readonly snippet: Snippet; readonly location: Location }

/**
 * Adds the services of an image's snippets to those it inherits. One-shots run one after the other at boot, those of the
 * image below first, then in the order their `after` asks for; long-running services start when all of them have run.
 */
export function orderServices(
  image: ImageDefinition,
  uses: readonly Use[],
  inherited: ServiceOrder = new Map(),
  supervised: boolean,
  report: Report,
): ServiceOrder {
  const own = new Map<string, { definition: ServiceDefinition; snippet: string }>()
  for (const { snippet, location } of uses) {
    if (snippet.services.length > 0 && !supervised) {
      const hint = 'add "supervisor: runit" to the image'
      report(location, `snippet "${snippet.name}" has services, but nothing in image "${image.name}" starts them`, hint)
    }
    for (const definition of snippet.services) {
      const other = own.get(definition.name) ?? inherited.get(definition.name)
      if (other)
        report(location, `snippets "${other.snippet}" and "${snippet.name}" both have a service "${definition.name}"`)
      own.set(definition.name, { definition, snippet: snippet.name })
    }
  }
  const typeOf = (name: string) => (own.get(name) ?? inherited.get(name))?.definition.type
  for (const { definition } of own.values())
    checkAfter(definition, typeOf, [...own.keys(), ...inherited.keys()], report)
  const afterOf = (name: string) => (own.get(name)?.definition.after ?? []).map((dependency) => dependency.name)
  const order = dependencyOrder(own.keys(), afterOf, (cycle) => {
    const first = own.get(cycle[0] ?? '')
    if (first) report(first.definition.location, `service "${cycle[0]}" waits for itself: ${cycle.join(' → ')}`)
  })
  return number(order, own, inherited, typeOf)
}

function checkAfter(
  { name, type, after }: ServiceDefinition,
  typeOf: (name: string) => ServiceDefinition['type'] | undefined,
  known: readonly string[],
  report: Report,
): void {
  for (const dependency of after) {
    const found = typeOf(dependency.name)
    if (found === undefined) {
      report(
        dependency.location,
        `no service "${dependency.name}" for "${name}" to wait for`,
        suggest(dependency.name, known),
      )
    } else if (type === 'oneshot' && found === 'longrun') {
      const message = `"${name}" is a oneshot and can not wait for "${dependency.name}", a longrun`
      report(dependency.location, message, 'every oneshot runs before any longrun')
    }
  }
}

function number(
  order: readonly string[],
  own: ReadonlyMap<string, { definition: ServiceDefinition; snippet: string }>,
  inherited: ServiceOrder,
  typeOf: (name: string) => ServiceDefinition['type'] | undefined,
): ServiceOrder {
  const services = new Map(inherited)
  let last = [...inherited.values()].reduce<OrderedService | undefined>(
    (found, service) => (service.position > (found?.position ?? 0) ? service : found),
    undefined,
  )
  for (const name of order) {
    const service = own.get(name)
    if (!service) continue
    const { definition } = service
    const after = definition.after.map((dependency) => dependency.name).filter((other) => typeOf(other) === 'longrun')
    if (definition.type === 'longrun') services.set(name, { ...service, after, position: 0 })
    else {
      const previous = last ? { previous: last.definition.name } : {}
      last = { ...service, after, position: (last?.position ?? 0) + 1, ...previous }
      services.set(name, last)
    }
  }
  return services
}
