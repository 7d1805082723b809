import { PipelineError } from '../errors.ts'
import { formatBytes } from '../quantity-text.ts'
import type { RouteChoice } from './route.ts'
import type { StorageReport } from './storage-report.ts'
import { storageRows } from './storage-text.ts'

/** What stands at the immutable name, compared with the flist to publish. */
export type NameState =
  | { readonly kind: 'absent' }
  /** Equal content; `target` is the flist it is, or that it leads to when an earlier run recorded this build as equal. */
  | { readonly kind: 'equal'; readonly target: string; readonly md5: string }
  /** A flist that can not be read, or a link that leads nowhere. */
  | { readonly kind: 'damaged'; readonly problem: string; readonly md5: string | null }
  /** `archived` is the flist there, when it has all that an archive keeps: a hub may have made it of one. */
  | { readonly kind: 'other'; readonly md5: string; readonly archived?: string }

/** What stands at a name that users follow. */
export type LinkState = {
  readonly name: string
  /** The link's text; undefined when nothing is there. */
  readonly target: string | undefined
  /** The flist of this account it leads to in the end; undefined when it leads nowhere or to another account. */
  readonly leadsTo?: string
  /** True when it is no link at all. */
  readonly isFile: boolean
}

/** Everything that decides what a publication does; all of it was read from the hub and the backend. */
export type PublishFacts = {
  readonly account: string
  readonly name: string
  readonly nameState: NameState
  /** In the order in which they are moved. */
  readonly links: readonly LinkState[]
  /** The flist of this account that the first link leads to, when its content is equal. */
  readonly equal?: { readonly name: string; readonly md5: string }
  /** What interrupted runs left for this name and these links. */
  readonly leftovers: readonly string[]
  readonly storage: StorageReport
  readonly route: RouteChoice
}

/**
 * - `publish`: a new flist
 * - `finish`: the flist is there; links, or chunks, are not
 * - `equal`: no new flist, because the link leads to the same content; the build is recorded as equal to it
 * - `nothing`: all is in place
 */
export type PublishOutcome = 'publish' | 'finish' | 'equal' | 'nothing'

/** One step of a publication: what will be done, and why. */
export type PublishStep = {
  readonly kind: 'chunks' | 'upload' | 'check' | 'name' | 'record' | 'link' | 'check links' | 'clean'
  readonly what: string
  readonly why: string
  /** Bytes it writes, where it is about bytes; of chunks before compression. */
  readonly bytes?: number
  /** The name on the hub that it writes. */
  readonly name?: string
  /** What that name will lead to. */
  readonly target?: string
  /** The names it deletes. */
  readonly deletes?: readonly string[]
}

/** A publication before it runs. */
export type PublishPlan = {
  readonly outcome: PublishOutcome
  readonly reason: string
  readonly account: string
  /** The flist that all names lead to in the end. */
  readonly target: string
  /** The md5 of what is there now and will be replaced; null for a link that leads nowhere. */
  readonly taken?: string | null
  readonly steps: readonly PublishStep[]
  readonly storage: StorageReport
  readonly route: RouteChoice
}

/**
 * Decides what has to be done. Pure: the same facts give the same plan.
 *
 * @throws PipelineError 'name-taken' when a link's name is a flist, or the immutable name has other content
 */
export function planPublication(facts: PublishFacts, options: { readonly replace: boolean }): PublishPlan {
  const { account, name, nameState, links, equal, storage, route } = facts
  refuseTakenNames(facts, options.replace)
  const common = { account, storage, route }
  if (nameState.kind === 'equal') {
    const steps = [...chunkSteps(facts), ...linkSteps(links, nameState.target), ...cleanSteps(facts)]
    const outcome = steps.length === 0 ? 'nothing' : 'finish'
    const reason =
      outcome === 'nothing' ? `${name} and its links are in place` : `${name} is published, the rest is not`
    return { ...common, outcome, reason, target: nameState.target, steps }
  }
  if (equal) {
    const record: PublishStep = {
      kind: 'record',
      what: `record ${name} as equal to ${equal.name}`,
      why: 'so that the next run knows this build without a flist of its own',
      name,
      target: equal.name,
    }
    const steps = [...chunkSteps(facts), record, ...linkSteps(links, equal.name), ...cleanSteps(facts)]
    const reason = `the content is that of ${equal.name}, which ${links[0]?.name ?? 'the link'} leads to: no new flist`
    return { ...common, outcome: 'equal', reason, target: equal.name, steps }
  }
  const steps = [...newFlistSteps(facts), ...linkSteps(links, name), ...cleanSteps(facts)]
  if (nameState.kind === 'absent') {
    return { ...common, outcome: 'publish', reason: `there is no ${name}`, target: name, steps }
  }
  const reason = `what is at ${name} is replaced`
  return { ...common, outcome: 'publish', reason, target: name, taken: nameState.md5, steps }
}

function refuseTakenNames({ account, name, nameState, links }: PublishFacts, replace: boolean): void {
  const problems = links
    .filter(({ isFile }) => isFile)
    .map((link) => `"${account}/${link.name}": is a flist and no link; rename or delete it, or choose another link`)
  if (nameState.kind === 'other' && !replace) {
    problems.push(
      `"${account}/${name}": has other content, and a published name keeps its content; choose another name, or ask for it to be replaced`,
    )
  }
  if (problems.length > 0) throw new PipelineError('name-taken', problems.join('\n'))
}

function chunkSteps({ storage: { toSend, unique }, route }: PublishFacts): PublishStep[] {
  if (route.route === 'archive' || toSend.chunks === 0) return []
  const what = `send ${toSend.chunks} of ${unique.chunks} chunks, ${formatBytes(toSend.bytes)} before compression`
  return [{ kind: 'chunks', what, why: 'the backend does not have them', bytes: toSend.bytes }]
}

function newFlistSteps(facts: PublishFacts): PublishStep[] {
  const { name, nameState, storage, route } = facts
  const archive = route.route === 'archive'
  const upload = archive
    ? { what: 'upload the tree as an archive under a name of its own', bytes: storage.fileBytes }
    : {
        what: `upload the flist (${formatBytes(storage.flistBytes)}) under a name of its own`,
        bytes: storage.flistBytes,
      }
  const problem = nameState.kind === 'damaged' ? `replaces what can not be read there: ${nameState.problem}` : undefined
  return [
    ...chunkSteps(facts),
    { kind: 'upload', ...upload, why: 'a hub writes files in place: nobody may follow this name yet' },
    {
      kind: 'check',
      what: archive ? 'read it back: every entry, and all chunks' : 'read it back: md5, every record, tree hash',
      why: 'what a hub reports as done need not be',
    },
    {
      kind: 'name',
      what: `rename it to ${name}`,
      why: problem ?? 'a rename is one step: the name has all or nothing',
      name,
    },
  ]
}

function linkSteps(links: readonly LinkState[], target: string): PublishStep[] {
  const moved = links.filter(({ target: now, leadsTo }) => now !== target && leadsTo !== target)
  if (moved.length === 0) return []
  const steps = moved.map(({ name, target: now }): PublishStep => {
    const why = now === undefined ? 'it is new' : `it leads to ${now}`
    return { kind: 'link', what: `make ${name} lead to ${target}`, why, name, target }
  })
  return [
    ...steps,
    { kind: 'check links', what: `read ${moved.map(({ name }) => name).join(', ')} back`, why: 'it is what users get' },
  ]
}

function cleanSteps({ leftovers }: PublishFacts): PublishStep[] {
  if (leftovers.length === 0) return []
  const what = `delete ${leftovers.join(', ')}`
  return [{ kind: 'clean', what, why: 'interrupted runs left them', deletes: leftovers }]
}

/** A plan for people: what would happen, in its order, and why. */
export function formatPlan(plan: PublishPlan): string {
  const { largestNew } = plan.storage
  const width = Math.max(...storageRows(plan.storage).map(([row]) => row.length))
  return [
    `${plan.outcome}: ${plan.reason}`,
    `account  ${plan.account}`,
    `route    ${plan.route.route}: ${plan.route.reason}`,
    'storage',
    ...storageRows(plan.storage).map(([row, text]) => `  ${row.padEnd(width)}  ${text}`),
    ...(largestNew.length === 0 ? [] : ['largest new files']),
    ...largestNew.map(({ path, bytes }) => `  ${formatBytes(bytes).padStart(9)}  ${path}`),
    ...(plan.steps.length === 0 ? ['no step'] : ['steps']),
    ...plan.steps.map(({ what, why }, index) => `  ${index + 1}. ${what} (${why})`),
  ].join('\n')
}
