import * as z from 'zod'
import { isDockerfileValue, unusableText } from './dockerfile.ts'

/**
 * The texts that end up in a Dockerfile, a path or a reference without quoting. Their alphabets hold nothing that a shell,
 * a Dockerfile, a registry or a file system would read as more than a name.
 */

const part = '[a-z0-9]+(?:[._-][a-z0-9]+)*'

/** Of an image or snippet: the folder, and for an image the last part of its repository, so the rules of OCI hold. */
export const namePattern = new RegExp(`^${part}$`)
export const NAME_RULE = 'lower-case letters and digits, with single ".", "_" or "-" between them'

export const name = z.string().regex(namePattern, `is no name: ${NAME_RULE}`)

export const baseName = z
  .string()
  .regex(new RegExp(`^${part}(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?$`), 'is no base: write it like "debian:12"')

/** `[registry/]repository[:tag][@digest]`; the registry client checks the details. */
export const reference = z
  .string()
  .regex(/^[a-z0-9][a-zA-Z0-9._/:@-]*$/, 'is no image reference: write it like "docker.io/library/debian:12"')

export const registry = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._:/-]*[a-z0-9]$/, 'is no registry: write it like "ghcr.io/owner/project", in lower case')

export const optionName = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/, 'is no option name: lower-case letters, digits and "_", starting with a letter')

export const environmentName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no variable name: letters, digits and "_", not starting with a digit')

export const labelName = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$/, 'is no label name: write it like "org.example.topic"')

export const TARGET_RULE = 'an absolute path of letters, digits and ._+@%,:=~- without "..", "." or "//"'

/** Whether the text is an absolute path that names one file inside the image. */
export function isTarget(path: string): boolean {
  if (!/^(?:\/[A-Za-z0-9._+@%,:=~-]+)+$/.test(path)) return false
  return !path.split('/').some((segment) => segment === '.' || segment === '..')
}

/** Of a machine on the network. */
export const origin = z
  .string()
  .regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/, 'is no host and no registry: write it like "github.com", or like "npm"')

/** Of a unit of systemd. */
export const unitName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]*\.(?:service|socket|timer)$/, 'is no unit: write it like "ssh.service"')

/** Of a snippet. */
export const version = z.string().regex(/^\d+(?:\.\d+){0,2}$/, 'is no version: write it in quotes, like "1.2"')

export const target = z.string().refine(isTarget, `is no target: ${TARGET_RULE}`)

/** Of a file next to the definition. */
export const source = z
  .string()
  .regex(/^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))[^\0\\]+$/, 'is no file of this folder: write a relative path without ".."')

export const mode = z.string().regex(/^0?[0-7]{3,4}$/, 'is no mode: write octal digits in quotes, like "0644"')

export const owner = z
  .string()
  .regex(
    /^(?:[a-z_][a-z0-9_-]*|\d{1,5})(?::(?:[a-z_][a-z0-9_-]*|\d{1,5}))?$/,
    'is no owner: write "user" or "user:group"',
  )

const packagePattern = /^[a-z0-9][A-Za-z0-9+.:_=~/-]*$/

/** Whether the text is the name of a package, perhaps with a version or release as its manager writes it. */
export function isPackage(text: string): boolean {
  return packagePattern.test(text)
}

/** Of a user or a group. */
export const account = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'is no name of a user or group')

export const packageName = z.string().refine(isPackage, 'is no name of a package')

/** `port` or `port/protocol`, as EXPOSE and the image config write it. */
export function isPort(text: string): boolean {
  const [, port = ''] = /^(\d{1,5})(?:\/(?:tcp|udp))?$/.exec(text) ?? []
  return port !== '' && Number(port) >= 1 && Number(port) <= 65_535
}

export const PORT_RULE = 'a number from 1 to 65535, or one with "/tcp" or "/udp"'

export const port = z.union([z.number(), z.string()]).transform(String).refine(isPort, `is no port: ${PORT_RULE}`)

/** Text for people, on one line. */
export const paragraph = z
  .string()
  .transform((text) => text.replaceAll(/\s+/g, ' ').trim())
  .refine((text) => text !== '', 'is empty: say it in a sentence, or leave it out')
  .refine(isDockerfileValue, 'has a control character')

/** One paragraph; it ends up in labels and comments. */
export const description = z
  .string()
  .transform((text) => text.replaceAll(/\s+/g, ' ').trim())
  .refine((text) => text !== '', 'is empty: say in a sentence what it is for')
  .refine(isDockerfileValue, 'has a control character')

/** A word of a command. */
export const word = z.string().refine((text) => unusableText(text) === undefined, 'has a NUL or broken character')
