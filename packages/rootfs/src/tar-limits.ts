import { type RootfsError, type TarPosition, tarError } from './error.ts'
import type { TarHeader } from './tar-header.ts'

/**
 * What a hostile archive may cost at most. Whatever is kept in memory while reading is bounded by these; the content of
 * files never is kept.
 */
export type TarLimits = {
  /** Bytes of extended headers (pax, long names, sparse maps) of one entry; default 1 MiB. */
  readonly extensionBytes?: number
  /** Number of entries; default 2 million (each costs about 600 bytes in memory). */
  readonly entries?: number
  /** Bytes of names, link targets and extended attributes of all entries together; default 256 MiB. */
  readonly metadataBytes?: number
  /** Bytes of one path or link target; default 4096, Linux' PATH_MAX. */
  readonly pathLength?: number
  /** Components of one path; default 2048, what fits in 4096 bytes. */
  readonly pathDepth?: number
  /** Logical size of all files together, holes of sparse files included; default 1 TiB. */
  readonly contentBytes?: number
}

/** The limits that hold where none is given. */
export const DEFAULT_LIMITS: Required<TarLimits> = {
  extensionBytes: 1024 ** 2,
  entries: 2_000_000,
  metadataBytes: 256 * 1024 ** 2,
  pathLength: 4096,
  pathDepth: 2048,
  contentBytes: 1024 ** 4,
}

/** Adds up what the entries of one archive cost. */
export type TarBudget = { entries: number; metadataBytes: number; contentBytes: number }

/** Counts one entry, before anything of it is handed on. Throws `limit` when it is one too many. */
export function chargeEntry(budget: TarBudget, header: TarHeader, limits: Required<TarLimits>, at: TarPosition): void {
  const { name, linkName, xattrs } = header
  budget.entries += 1
  budget.contentBytes += header.size
  budget.metadataBytes += name.length + linkName.length
  for (const [key, value] of xattrs ?? []) budget.metadataBytes += key.length + value.length

  if (name.length > limits.pathLength) throw limitError(at, `its name has ${name.length} bytes`, limits.pathLength)
  if (linkName.length > limits.pathLength) {
    throw limitError(at, `its link target has ${linkName.length} bytes`, limits.pathLength)
  }
  if (budget.entries > limits.entries) throw limitError(at, 'too many entries', limits.entries)
  if (budget.metadataBytes > limits.metadataBytes) {
    throw limitError(at, 'too many bytes of names and extended attributes so far', limits.metadataBytes)
  }
  if (budget.contentBytes > limits.contentBytes) {
    throw limitError(at, `with its ${header.size} bytes the files so far are too large`, limits.contentBytes)
  }
}

/** The error for something beyond a limit. */
export function limitError(at: TarPosition, problem: string, limit: number): RootfsError {
  return tarError('limit', at, `${problem}, the limit is ${limit}; raise it if this is meant`)
}
