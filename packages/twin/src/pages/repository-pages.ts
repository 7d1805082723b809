import type { Answer } from '../answers.ts'
import { htmlError } from '../answers.ts'
import type { HubContext } from '../hub-context.ts'
import type { HubRequest } from '../hub-server.ts'
import { type ListingRow, listRepositories, listRepository, listTag } from '../listings.ts'
import { tagPath, userExists } from '../repositories.ts'
import { facts, flistHref, pageAnswer, section, table, tagHref, userHref } from './document.ts'
import { shownCount, shownName, shownTime } from './formats.ts'
import { html, type Part } from './html.ts'

/** `GET /`: every repository. */
export async function homePage(context: HubContext): Promise<Answer> {
  const repositories = await listRepositories(context.storage, context.official)
  const rows = repositories.map(({ name, official, updated }) => [
    [
      html`<a href="${userHref(name)}">${shownName(name)}</a>`,
      official ? html` <span class="badge">official</span>` : undefined,
    ],
    shownTime(updated),
  ])
  const { url, backend } = context.place
  const list =
    rows.length === 0
      ? html`<p class="note soft">Nothing was stored yet.</p>`
      : table('Repositories', [{ title: 'Repository' }, { title: 'Changed (UTC)' }], rows)
  const badges = [context.strict ? 'strict' : '', context.rules.readonly ? 'read-only' : ''].filter(Boolean)
  return pageAnswer(context, {
    way: [],
    title: 'Local hub',
    badges,
    content: [
      section(`${shownCount(rows.length)} ${rows.length === 1 ? 'repository' : 'repositories'}`, list),
      section(
        'This hub',
        facts([
          ['API', html`<span class="fixed">${url}/api/flist</span>`],
          ['Chunks', html`<span class="fixed">zdb://${backend.host}:${backend.port}/${backend.namespace}</span>`],
        ]),
      ),
    ],
  })
}

/** `GET /USER`: the flists, links and tags of a repository. */
export async function repositoryPage(context: HubContext, _request: HubRequest, user: string): Promise<Answer> {
  if (user.startsWith('.') || !(await userExists(context.storage, user))) return htmlError(404)
  const rows = await listRepository(context.storage, user)
  return pageAnswer(context, {
    way: [{ name: user }],
    title: user,
    content: [section(`${shownCount(rows.length)} ${rows.length === 1 ? 'entry' : 'entries'}`, listing(user, rows))],
  })
}

/** `GET /USER/tags/TAG`: the links of a tag. */
export async function tagPage(context: HubContext, _request: HubRequest, user: string, tag: string): Promise<Answer> {
  const rows = await listTag(tagPath(context.storage, user, tag))
  if (!rows) return htmlError(404)
  return pageAnswer(context, {
    way: [{ name: user, href: userHref(user) }, { name: tag }],
    title: `${user}, tag ${tag}`,
    badges: ['tag'],
    content: [section(`${shownCount(rows.length)} ${rows.length === 1 ? 'link' : 'links'}`, listing(user, rows, true))],
  })
}

function listing(user: string, rows: readonly ListingRow[], inTag = false): Part {
  const columns = [
    { title: 'Name' },
    { title: 'Leads to' },
    { title: 'Size', kind: 'number' as const },
    { title: 'Changed (UTC)', kind: 'wide' as const },
  ]
  const cells = rows.map((row) => [
    [
      nameLink(user, row, inTag),
      row.type === 'regular' ? undefined : html` <span class="badge">${KINDS[row.type]}</span>`,
    ],
    row.target === undefined ? html`<span class="soft">-</span>` : shownName(row.target),
    row.type === 'tag' || row.type === 'taglink' ? '' : row.size,
    shownTime(row.linktime ?? row.updated),
  ])
  return table('Flists', columns, cells)
}

const KINDS = { symlink: 'link', taglink: 'link to a tag', tag: 'tag' } as const

function nameLink(user: string, { name, type, target = '' }: ListingRow, inTag: boolean): Part {
  const [targetUser = '', ...targetName] = target.split('/')
  if (type === 'tag') return html`<a href="${tagHref(user, name)}">${shownName(name)}</a>`
  if (type === 'taglink')
    return html`<a href="${tagHref(targetUser, targetName.slice(1).join('/'))}">${shownName(name)}</a>`
  // What is in a tag has no page of its own: the page of what it leads to.
  if (inTag) return html`<a href="${flistHref(targetUser, targetName.join('/'))}">${shownName(name)}</a>`
  return html`<a href="${flistHref(user, name)}">${shownName(name)}</a>`
}
