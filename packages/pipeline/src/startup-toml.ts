import { type ImageRuntimeConfig, imageCommand, imageEnvironment } from './image-metadata.ts'

/**
 * The text of `/.startup.toml`, from which older runtimes start a flist (same keys as the hub's docker converter writes:
 * `startup.entry.name = core.system`, `args.name`, `args.args`, `args.dir`, `args.env`). Unlike that converter it keeps CMD
 * behind an ENTRYPOINT of several words. An image without a command gets `/bin/sh`, as there.
 */
export function startupToml(config: ImageRuntimeConfig): string {
  const [name = '/bin/sh', ...args] = imageCommand(config)
  const environment = Object.entries(imageEnvironment(config))
  const lines = [
    '[startup.entry]',
    'name = "core.system"',
    '',
    '[startup.entry.args]',
    `name = ${quote(name)}`,
    `args = [${args.map(quote).join(', ')}]`,
    `dir = ${quote(config.WorkingDir || '/')}`,
    ...(environment.length > 0 ? ['', '[startup.entry.args.env]'] : []),
    ...environment.map(([key, value]) => `${quote(key)} = ${quote(value)}`),
  ]
  return `${lines.join('\n')}\n`
}

/** A TOML basic string: JSON's escapes are a subset of TOML's, except that TOML also wants U+007F escaped. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f')
}
