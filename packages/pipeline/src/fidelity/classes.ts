import { PipelineError } from '../errors.ts'

/**
 * - `lost`: the image has it and the flist, or what consumers see of it, has not
 * - `changed`: the flist has it in another form, or the known consumers (0-fs, rfs) show it otherwise
 * - `note`: worth knowing; nothing of the image is missing
 */
export type FidelitySeverity = 'lost' | 'changed' | 'note'

/** Every kind of difference between an image and its flist; the names are stable, users write them after `--strict`. */
export const fidelityClasses = {
  'file-capabilities': { severity: 'lost', meaning: 'programs with capabilities (`security.capability`)' },
  acl: { severity: 'lost', meaning: 'ACLs (`system.posix_acl_*`, `SCHILY.acl.*` of an archive)' },
  xattr: { severity: 'lost', meaning: 'all other extended attributes, one each' },
  'name-not-utf8': { severity: 'lost', meaning: 'names that are not UTF-8: rfs cannot read their directory' },
  'config-lost': { severity: 'lost', meaning: 'parts of the image config that no row can hold' },
  'hard-link': { severity: 'changed', meaning: 'groups of names of one file: each becomes a file of its own' },
  'sub-second-time': { severity: 'changed', meaning: 'times with nanoseconds, cut to seconds' },
  'time-out-of-range': { severity: 'changed', meaning: 'times outside 1970 to 2106, set to the nearest end' },
  'setuid-setgid': { severity: 'changed', meaning: 'set-user-id, set-group-id: recorded, masked by 0-fs and rfs' },
  sticky: { severity: 'changed', meaning: 'sticky bits: recorded, masked by 0-fs and rfs' },
  device: { severity: 'changed', meaning: 'device nodes: recorded, left out by rfs' },
  fifo: { severity: 'changed', meaning: 'named pipes: recorded, left out by rfs' },
  socket: { severity: 'changed', meaning: 'sockets: recorded, left out by rfs and by `flist extract`' },
  'owner-unknown': { severity: 'changed', meaning: 'uid or gid 4294967295, which 0-fs takes for "not known"' },
  'config-recorded': { severity: 'changed', meaning: 'config fields kept in the row `image`, which runtimes ignore' },
  'large-directory': { severity: 'note', meaning: 'directory records over 4 MiB: zflist cannot rewrite the flist' },
  'long-path': { severity: 'note', meaning: 'paths over 2047 bytes: cut in the JSON of zflist' },
  'large-owner': { severity: 'note', meaning: 'uid or gid over 65534: outside the ids of most user namespaces' },
  'config-unused': { severity: 'note', meaning: 'config fields that only builds and engines use' },
  'xattrs-not-read': { severity: 'note', meaning: 'the source is a directory: its extended attributes are unknown' },
} as const satisfies Readonly<Record<string, { readonly severity: FidelitySeverity; readonly meaning: string }>>

export type FidelityClass = keyof typeof fidelityClasses

/** All classes, in the order of the report. */
export const fidelityClassNames = Object.keys(fidelityClasses) as readonly FidelityClass[]

/** What no `.fl` changes: it has times of any year and no records, and neither zflist nor 0-fs reads one. */
export const classesNotOfFl: ReadonlySet<FidelityClass> = new Set([
  'time-out-of-range',
  'owner-unknown',
  'large-directory',
  'long-path',
])

/**
 * Reads a choice of classes: names with commas between them, of classes or of a severity, which stands for all its classes.
 *
 * @param format of what is to be written; classes that it cannot have are no choice
 * @throws PipelineError 'bad-settings' naming what is unknown and what there is, or what the format has not
 */
export function parseFidelityClasses(text = 'lost', format: 'flist' | 'fl' = 'flist'): ReadonlySet<FidelityClass> {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => classesNamed(name).length === 0).map((name) => JSON.stringify(name))
  if (unknown.length > 0) {
    const known = [...fidelityClassNames, ...severities].join(', ')
    throw new PipelineError('bad-settings', `no fidelity class ${unknown.join(', ')}; there are: ${known}`)
  }
  const vain = names.filter((name) => format === 'fl' && isFidelityClass(name) && classesNotOfFl.has(name))
  if (vain.length > 0) {
    const list = vain.map((name) => `"${name}"`).join(', ')
    throw new PipelineError(
      'bad-settings',
      `a .fl never has the fidelity class ${list}; leave it out, or write a .flist`,
    )
  }
  return new Set(names.flatMap(classesNamed))
}

const severities = ['lost', 'changed', 'note'] as const satisfies readonly FidelitySeverity[]

function classesNamed(name: string): readonly FidelityClass[] {
  return isFidelityClass(name) ? [name] : fidelityClassNames.filter((each) => fidelityClasses[each].severity === name)
}

function isFidelityClass(name: string): name is FidelityClass {
  return Object.hasOwn(fidelityClasses, name)
}
