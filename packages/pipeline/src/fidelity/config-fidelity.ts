import type { ImageRuntimeConfig } from '../image-metadata.ts'
import type { FindingCollector } from './findings.ts'

/** Where a field of the image config went. */
export type ConfigMapping = {
  /** As the image config names it: `Entrypoint` */
  readonly field: string
  /** `kept` in a row that runtimes read, `recorded` in the row `image`, `unused` outside builds, or `lost` */
  readonly mapping: 'kept' | 'recorded' | 'unused' | 'lost'
  /** The metadata row, `image.user` for a field of one */
  readonly row?: string
  readonly consequence: string
}

type Rule = Omit<ConfigMapping, 'field'>

const kept = (row: string, consequence: string): Rule => ({ mapping: 'kept', row, consequence })
const recorded = (row: string, consequence: string): Rule => ({ mapping: 'recorded', row: `image.${row}`, consequence })
const unused = (consequence: string): Rule => ({ mapping: 'unused', consequence })

/** For every field that has a meaning for a container made from the image (image-spec config.md, Docker's additions). */
const rules: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    Entrypoint: kept('entrypoint', 'is the begin of the entrypoint'),
    Cmd: kept('entrypoint', 'follows Entrypoint: who replaces these arguments must repeat the entrypoint'),
    Env: kept('environ', 'is the environment'),
    ExposedPorts: kept('port', 'are published under their own numbers'),
    Volumes: kept('volume', 'are volumes without a place on the host'),
    User: recorded('user', 'is not switched to: the command starts as root'),
    WorkingDir: recorded('workingDir', 'is not entered: the command starts in /'),
    Labels: recorded('labels', 'are for who reads the row; the description is the readme, too'),
    StopSignal: recorded('stopSignal', 'is not sent: what stops the command is up to the runtime'),
    Healthcheck: recorded('healthcheck', 'is not run: nothing sees that the service is ill'),
    OnBuild: unused('is for builds on top of the image'),
    Shell: unused('is for builds on top of the image'),
  }),
)

/**
 * Says what became of each field of an image config that is there and not empty, and adds what was not kept as findings.
 *
 * @param otherFields fields that the reader of the config does not know
 */
export function mapConfig(
  config: ImageRuntimeConfig,
  otherFields: readonly string[],
  findings: FindingCollector,
): ConfigMapping[] {
  const mappings = [...rules].flatMap(([field, rule]) =>
    isEmpty(config[field as keyof ImageRuntimeConfig]) ? [] : [{ field, ...rule }],
  )
  const others = otherFields.map((field) => ({ field, ...unused('is read by no container engine when it starts one') }))
  for (const { field, mapping, consequence } of [...mappings, ...others]) {
    if (mapping === 'recorded') findings.addField('config-recorded', `config.${field}`, consequence)
    else if (mapping === 'unused') findings.addField('config-unused', `config.${field}`, consequence)
  }
  return [...mappings, ...others, ...lostPorts(config, findings)]
}

/** A row `port` has single numbers only. */
function lostPorts({ ExposedPorts }: ImageRuntimeConfig, findings: FindingCollector): ConfigMapping[] {
  const lost = Object.keys(ExposedPorts ?? {}).filter((port) => !Number.isInteger(Number(port.split('/')[0])))
  return lost.sort().map((port) => {
    const field = `ExposedPorts[${JSON.stringify(port)}]`
    const consequence = 'is no single port: it is not published'
    findings.addField('config-lost', `config.${field}`, consequence)
    return { field, mapping: 'lost', consequence }
  })
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
