import { createHash } from 'node:crypto'
import type { Answer } from '../answers.ts'
import type { HubContext } from '../hub-context.ts'
import { encodeName, shownName } from './formats.ts'
import { Html, html, type Part } from './html.ts'
import { STYLE } from './style.ts'

/** A step on the way to a page; the last one is the page itself and needs no link. */
export type Step = { readonly name: string; readonly href?: string }

export type Page = {
  /** From the list of repositories, which every way begins with, to this page. */
  readonly way: readonly Step[]
  readonly title: string
  readonly badges?: readonly string[]
  readonly content: readonly Part[]
}

/** Nothing is loaded, run, framed or sent; the only style is the page's own. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
}

/** A whole page as an answer. */
export function pageAnswer(context: HubContext, page: Page, status = 200): Answer {
  const badges = (page.badges ?? []).map((text) => html` <span class="badge">${text}</span>`)
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}</title>
<link rel="icon" href="data:,">
<style>${new Html(STYLE)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<nav aria-label="Breadcrumb"><ol>${[{ name: 'Repositories', href: '/' }, ...page.way].map(stepItem)}</ol></nav>
<h1>${shownName(page.title)}${badges}</h1>
</header>
<main id="content">
${page.content}
</main>
<footer>${context.strict ? 'A strict local hub' : 'A local stand-in for a 0-hub'} of tf-images</footer>
</body>
</html>
`
  return { status, headers: HEADERS, body: document.text }
}

/** A list of repositories is its own page, without a step beyond it. */
function stepItem({ name, href }: Step, at: number, steps: readonly Step[]): Html {
  const isLast = at === steps.length - 1
  if (isLast || href === undefined) return html`<li><span aria-current="page">${shownName(name)}</span></li>`
  return html`<li><a href="${href}">${shownName(name)}</a></li>`
}

/** A headed part of a page. */
export function section(title: string, ...content: readonly Part[]): Html {
  return html`<section>
<h2>${title}</h2>
${content}
</section>`
}

/** A table whose first column names the row. A row that begins with undefined is left out. */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly Part[])[]): Html {
  const classOf = ({ kind }: Column): string => kind ?? 'plain'
  const head = columns.map((column) => html`<th scope="col" class="${classOf(column)}">${column.title}</th>`)
  const body = rows.map((cells) => {
    const [first, ...others] = cells
    const rest = others.map((cell, at) => html`<td class="${classOf(columns[at + 1] ?? { title: '' })}">${cell}</td>`)
    return html`<tr><th scope="row">${first}</th>${rest}</tr>
`
  })
  return html`<div class="scroll"><table>
<caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody>
</table></div>`
}

/** `wide` columns are left out where the window is narrow. */
export type Column = { readonly title: string; readonly kind?: 'number' | 'wide' }

/** Names and values. */
export function facts(pairs: readonly (readonly [string, Part])[]): Html {
  return html`<dl>${pairs.map(
    ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>
`,
  )}</dl>`
}

export const userHref = (user: string): string => `/${encodeName(user)}`
export const tagHref = (user: string, tag: string): string => `/${encodeName(user)}/tags/${encodeName(tag)}`
/** The page of a flist, where the hub has its preview. */
export const flistHref = (user: string, file: string): string =>
  `/${encodeName(user)}/${encodeName(file.replace(/\.flist$/, ''))}.md`
