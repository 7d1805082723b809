import type { FlistEntry } from '../inspection.ts'
import { section, table } from './document.ts'
import { shownCount, shownMode, shownName, shownSize, shownTime, toText } from './formats.ts'
import { type Html, html, type Part } from './html.ts'

/** Entries on one page. */
const PAGE_LENGTH = 500

/** The address of something in the flist, or of a page of a directory. */
type HrefOf = (path: string, page?: number) => string

const COLUMNS = [
  { title: 'Name' },
  { title: 'Size', kind: 'number' },
  { title: 'Mode', kind: 'wide' },
  { title: 'Owner', kind: 'wide' },
  { title: 'Modified (UTC)', kind: 'wide' },
] as const

/** One page of a directory's entries; only those of the page are held. */
export function directorySection(entries: Iterable<FlistEntry>, path: string, page: number, hrefOf: HrefOf): Html {
  const first = Number.isSafeInteger(page) && page > 0 ? (page - 1) * PAGE_LENGTH : 0
  const shown: FlistEntry[] = []
  let count = 0
  for (const entry of entries) {
    if (count >= first && count < first + PAGE_LENGTH) shown.push(entry)
    count++
  }
  const title = `${shownCount(count)} ${count === 1 ? 'entry' : 'entries'}`
  if (shown.length === 0) {
    const text = count === 0 ? 'The directory is empty.' : 'There is nothing on this page.'
    return section(title, html`<p class="note soft">${text}</p>`)
  }
  const rows = shown.map((entry) => entryRow(entry, hrefOf))
  const links = count > PAGE_LENGTH ? pageLinks(path, { first, shown: shown.length, count }, hrefOf) : undefined
  return section(title, table(`Contents of /${toText(path)}`, COLUMNS, rows), links)
}

function entryRow(entry: FlistEntry, hrefOf: HrefOf): Part[] {
  const name = toText(entry.path.slice(entry.path.lastIndexOf('/') + 1))
  const slash = entry.type === 'directory' ? '/' : ''
  const link = html`<a href="${hrefOf(entry.path)}">${shownName(name)}${slash}</a>`
  const target =
    entry.target === undefined
      ? undefined
      : html` <span class="soft">${entry.type === 'symlink' ? '→' : ''} ${shownName(toText(entry.target))}</span>`
  return [
    [link, target],
    entry.type === 'regular' ? shownSize(entry.size) : '',
    html`<span class="fixed">${shownMode(entry.type, entry.mode)}</span>`,
    html`<span class="fixed">${entry.uid}:${entry.gid}</span>`,
    shownTime(entry.mtime),
  ]
}

type Range = { readonly first: number; readonly shown: number; readonly count: number }

function pageLinks(path: string, { first, shown, count }: Range, hrefOf: HrefOf): Html {
  const page = first / PAGE_LENGTH + 1
  const previous = page > 1 ? html`<a href="${hrefOf(path, page - 1)}" rel="prev">← Previous</a>` : html`<span></span>`
  const next =
    first + shown < count ? html`<a href="${hrefOf(path, page + 1)}" rel="next">Next →</a>` : html`<span></span>`
  const range = `${shownCount(first + 1)} to ${shownCount(first + shown)} of ${shownCount(count)}`
  return html`<nav class="pages" aria-label="Pages">${previous}<span class="soft">${range}</span>${next}</nav>`
}
