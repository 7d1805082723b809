import { type Answer, htmlError } from '../answers.ts'
import { flistFileName } from '../flist-names.ts'
import type { HubContext } from '../hub-context.ts'
import type { HubRequest } from '../hub-server.ts'
import type { FlistContents, FlistEntry } from '../inspection.ts'
import { describeFlist, type FlistInfo, flistKind, flistPath } from '../repositories.ts'
import { directorySection } from './directory-listing.ts'
import { facts, flistHref, pageAnswer, type Step, section, userHref } from './document.ts'
import { encodeBytes, encodeName, shownCount, shownMode, shownName, shownSize, shownTime, toText } from './formats.ts'
import { type Html, html, type Part } from './html.ts'

/** How many chunks of a file are listed. */
const MOST_CHUNKS = 64

/**
 * `GET /USER/NAME.md`, where the hub has its preview: a flist and what is inside. `path` in the query is a directory, shown
 * in pages of which `page` is one, or anything else in the flist.
 */
export async function flistPage(context: HubContext, request: HubRequest, user: string, name: string): Promise<Answer> {
  const path = flistPath(context.storage, user, name)
  if (path === undefined || !(await flistKind(path))) return htmlError(404)
  const file = flistFileName(name)
  const info = await describeFlist(path)
  const query = readQuery(request.target)
  const view = { context, user, file, info, inner: query.get('path') ?? '', page: Number(query.get('page') ?? 1) }
  const opened = await context.inspectFlist(path).catch(() => undefined)
  if (!opened) return unreadable(view)
  try {
    const entry = opened.find(view.inner)
    return entry ? contentsPage(view, opened, entry) : missing(view)
  } catch {
    // A flist is read while it is looked at: records that are damaged show up only now.
    return unreadable(view)
  } finally {
    await opened.close?.()
  }
}

/** What a request for a page of a flist is about; `inner` is a byte string. */
type View = {
  readonly context: HubContext
  readonly user: string
  readonly file: string
  readonly info: FlistInfo
  readonly inner: string
  readonly page: number
}

function contentsPage(view: View, contents: FlistContents, entry: FlistEntry): Answer {
  const hrefOf = (inner: string, page = 1): string => innerHref(view, inner, page)
  const isRoot = entry.path === ''
  const content: Part[] = []
  if (isRoot) content.push(section('Flist', flistFacts(view)))
  else content.push(section('Details', entryFacts(entry, contents, hrefOf)))
  if (entry.type === 'directory')
    content.push(directorySection(contents.list(entry.path), entry.path, view.page, hrefOf))
  if (isRoot && Object.keys(contents.metadata).length > 0) content.push(section('Metadata', metadataFacts(contents)))
  return answerPage(view, content)
}

function answerPage(view: View, content: readonly Part[], status = 200): Answer {
  const { context, user, file, info, inner } = view
  const names = inner === '' ? [] : inner.split('/')
  const way: Step[] = [
    { name: user, href: userHref(user) },
    { name: file, href: flistHref(user, file) },
    ...names.map((name, at) => ({ name: toText(name), href: innerHref(view, names.slice(0, at + 1).join('/'), 1) })),
  ]
  const title = inner === '' ? file : `/${toText(inner)}`
  return pageAnswer(context, { way, title, badges: info.type === 'symlink' ? ['link'] : [], content }, status)
}

function unreadable(view: View): Answer {
  const note = html`<p class="note warning">This flist can not be read${
    view.info.md5 === null ? ': the link leads nowhere' : ''
  }.</p>`
  return answerPage({ ...view, inner: '' }, [section('Flist', note, flistFacts(view))])
}

function missing(view: View): Answer {
  const text = html`<p class="note">The flist has nothing at <b>${shownName(`/${toText(view.inner)}`)}</b>.
<a href="${innerHref(view, '', 1)}">Show the flist</a></p>`
  return answerPage({ ...view, inner: '' }, [section('Not found', text)], 404)
}

function flistFacts({ context, user, file, info }: View): Html {
  const download = `/${encodeName(user)}/${encodeName(file)}`
  return facts([
    ...(info.target === undefined ? [] : [['Leads to', shownName(info.target)] as const]),
    ['Size', `${shownSize(info.size)}`],
    ['Changed (UTC)', shownTime(info.updated)],
    ['MD5', html`<span class="fixed">${info.md5 ?? 'none'}</span>`],
    ['Address', html`<a class="fixed" href="${download}">${context.place.url}${download}</a>`],
  ])
}

function entryFacts(entry: FlistEntry, contents: FlistContents, hrefOf: (path: string) => string): Html {
  const target = entry.target === undefined ? undefined : toText(entry.target)
  const leadsTo = entry.type === 'symlink' ? linkEnd(entry, contents) : undefined
  const shown = html`<span class="fixed">${shownName(target ?? '')}</span>`
  return facts([
    ['Type', entry.type === 'special' ? `special file: ${target ?? 'unknown'}` : entry.type],
    ...(entry.type === 'symlink'
      ? [['Leads to', leadsTo === undefined ? shown : html`<a href="${hrefOf(leadsTo)}">${shown}</a>`] as const]
      : []),
    ...(entry.type === 'regular' ? [['Size', `${shownSize(entry.size)} (${shownCount(entry.size)})`] as const] : []),
    [
      'Mode',
      html`<span class="fixed">${shownMode(entry.type, entry.mode)} (${entry.mode.toString(8).padStart(4, '0')})</span>`,
    ],
    ['Owner', html`<span class="fixed">${entry.uid}:${entry.gid}</span>`],
    ['Modified (UTC)', shownTime(entry.mtime)],
    ...(entry.type === 'regular' ? [['Chunks', chunkList(entry.chunkIds)] as const] : []),
  ])
}

function chunkList(ids: readonly Uint8Array[]): Part {
  if (ids.length === 0) return 'none'
  const lines = ids.slice(0, MOST_CHUNKS).map((id) => Buffer.from(id).toString('hex'))
  const more = ids.length > MOST_CHUNKS ? `\n… and ${shownCount(ids.length - MOST_CHUNKS)} more` : ''
  return html`${shownCount(ids.length)}<pre tabindex="0" aria-label="Ids of the chunks">${lines.join('\n')}${more}</pre>`
}

/** Where in the flist a link leads, as far as one step tells; undefined when there is nothing. */
function linkEnd({ path, target = '' }: FlistEntry, contents: FlistContents): string | undefined {
  const parts = target.startsWith('/') ? [] : path.split('/').slice(0, -1)
  for (const part of target.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  const end = parts.join('/')
  return contents.find(end) ? end : undefined
}

function metadataFacts({ metadata }: FlistContents): Html {
  return facts(
    Object.entries(metadata).map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
      return [name, html`<pre tabindex="0" aria-label="Metadata">${text}</pre>`]
    }),
  )
}

function innerHref({ user, file }: View, inner: string, page: number): string {
  const query = [...(inner === '' ? [] : [`path=${encodeBytes(inner)}`]), ...(page > 1 ? [`page=${page}`] : [])]
  return flistHref(user, file) + (query.length > 0 ? `?${query.join('&')}` : '')
}

/** The fields of a query as byte strings; a path without slashes around it. */
function readQuery(target: string): Map<string, string> {
  const query = /\?([^#]*)/.exec(target)?.[1] ?? ''
  const decode = (text: string): string =>
    text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const fields = query.split('&').map((field) => field.split('=', 2).map(decode))
  return new Map(fields.map(([name = '', value = '']) => [name, value.split('/').filter(Boolean).join('/')]))
}
