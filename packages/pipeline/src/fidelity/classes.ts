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

/**
 * Reads a choice of classes: names with commas between them; without a text all classes of severity `lost`.
 *
 * @throws PipelineError 'bad-settings' naming what is unknown and what there is
 */
export function parseFidelityClasses(text?: string): ReadonlySet<FidelityClass> {
  if (text === undefined) return new Set(fidelityClassNames.filter((name) => fidelityClasses[name].severity === 'lost'))
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !isFidelityClass(name)).map((name) => JSON.stringify(name))
  if (unknown.length > 0) {
    const known = fidelityClassNames.join(', ')
    throw new PipelineError('bad-settings', `no fidelity class ${unknown.join(', ')}; there are: ${known}`)
  }
  return new Set(names.filter(isFidelityClass))
}

function isFidelityClass(name: string): name is FidelityClass {
  return Object.hasOwn(fidelityClasses, name)
}
