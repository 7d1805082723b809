import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { inspectFlist } from '../../packages/cli/src/flist-inspection.ts'
import { flistMaker } from '../../packages/cli/src/flist-making.ts'
import { chunkId } from '../../packages/flist/src/index.ts'
import { startTwin, type Twin } from '../../packages/twin/src/index.ts'

const USER = 'alice.3bot'
/** Where someone who wants to look at the pages has them drawn. */
const drawings = process.env.FLIST_DRAWINGS

let browser: Browser
let twin: Twin
let folder: string

/** Names that would do something in a page that does not escape them, or hide what they are. */
const HOSTILE = {
  element: '<script>document.title="owned"<',
  attribute: '" onmouseover="document.title=1',
  direction: 'rtl\u202etxt.exe',
  line: 'two\nlines',
  query: 'a&b=c#d?e%2f+',
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-pages-'))
  const root = join(folder, 'hub')
  twin = await startTwin({ root, seed: randomBytes(32), inspectFlist, flistMaker, chunkId, official: [USER] })
  await upload('nginx', async (tree) => {
    await mkdir(join(tree, 'usr/bin'), { recursive: true })
    await writeFile(join(tree, 'usr/bin/nginx'), randomBytes(1_500_000), { mode: 0o755 })
    await writeFile(join(tree, '.README.md'), '# A web server\n')
    await symlink('usr/bin', join(tree, 'bin'))
    await symlink('/usr/bin/none', join(tree, 'dangling'))
  })
  await upload('hostile', async (tree) => {
    for (const name of Object.values(HOSTILE)) await writeFile(join(tree, name), '')
    await mkdir(join(tree, 'sub <b>'))
    await writeFile(Buffer.concat([Buffer.from(`${tree}/sub <b>/bad`), Buffer.from([0xff])]), 'x')
  })
  await upload('many', async (tree) => {
    for (let at = 1; at <= 1234; at++) await writeFile(join(tree, `file-${String(at).padStart(4, '0')}`), '')
  })
  await ask('nginx/link/latest')
  await ask(`v1.0/nginx/tag/${USER}/nginx`)
  await ask(`stable/crosstag/${USER}/v1.0`)
  // Debian's, which setup/test.ts installs. Its sandbox does not work for root.
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
})

afterAll(async () => {
  await browser?.close()
  await twin?.close()
  await rm(folder, { recursive: true, force: true })
})

const headers = () => ({ Authorization: `bearer ${twin.mintToken(USER)}` })

async function ask(path: string): Promise<void> {
  expect((await fetch(`${twin.url}/api/flist/me/${path}`, { headers: headers() })).status).toBe(200)
}

async function upload(name: string, fill: (tree: string) => Promise<void>): Promise<void> {
  const tree = join(folder, name)
  await mkdir(tree)
  await fill(tree)
  const archive = execFileSync('tar', ['-czf', '-', '-C', tree, '.'], { maxBuffer: 64 << 20 })
  const body = new FormData()
  body.set('metadata-note', '<i>note</i>')
  body.set('file', new File([archive], `${name}.tar.gz`))
  const answer = await fetch(`${twin.url}/api/flist/me/upload`, { method: 'POST', headers: headers(), body })
  expect(answer.status).toBe(200)
}

/** Opens a page of the hub; anything that the page tries and may not, or an error in it, fails the test. */
async function open(path: string, scheme: 'light' | 'dark' = 'light', width = 1200): Promise<Page> {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: 900 } })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.isNavigationRequest() && !request.url().startsWith('data:')) complaints.push(request.url())
  })
  onTestFinished(async () => {
    expect(complaints).toEqual([])
    await context.close()
  })
  await page.goto(twin.url + path)
  return page
}

/** Follows a link to another page. A click alone does not wait until all of that is there. */
async function follow(link: Locator): Promise<void> {
  const loaded = link.page().waitForEvent('load')
  await link.click()
  await loaded
}

/** The text of an element as it is shown. */
const textOf = async (element: Locator): Promise<string> => (await element.allInnerTexts()).join('\n')

const names = (page: Page): Promise<string[]> => page.locator('tbody th a').allInnerTexts()

test('from the repositories to a file by links alone, and back', async () => {
  const page = await open('/')
  expect(await page.title()).toBe('Local hub')
  expect(await textOf(page.locator('tbody'))).toContain('official')
  await follow(page.getByRole('link', { name: USER }))
  expect(await names(page)).toEqual(['v1.0', 'hostile.flist', 'latest.flist', 'many.flist', 'nginx.flist', 'stable'])
  await follow(page.getByRole('link', { name: 'latest.flist' }))
  expect(await textOf(page.locator('main'))).toContain('Leads to\nnginx.flist')
  expect(await names(page)).toEqual(['.README.md', 'bin', 'dangling', 'usr/'])
  await follow(page.getByRole('link', { name: 'usr/' }))
  await follow(page.getByRole('link', { name: 'bin/' }))
  await follow(page.getByRole('link', { name: 'nginx', exact: true }))
  const details = await textOf(page.locator('main'))
  expect(details).toContain('1.43 MiB (1,500,000)')
  expect(details).toContain('-rwxr-xr-x (0755)')
  expect(details).toMatch(/Chunks\n3\s+[0-9a-f]{32}\n[0-9a-f]{32}\n[0-9a-f]{32}/)
  await follow(page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'Repositories' }))
  expect(page.url()).toBe(`${twin.url}/`)
})

test('the page of a flist tells its size, md5, address and metadata', async () => {
  const page = await open(`/${USER}/nginx.md`)
  const text = await textOf(page.locator('main'))
  const md5 = await (await fetch(`${twin.url}/${USER}/nginx.flist.md5`)).text()
  expect(text).toContain(md5.trim())
  expect(text).toContain('# A web server')
  expect(text).toContain('<i>note</i>')
  const address = page.getByRole('link', { name: `${twin.url}/${USER}/nginx.flist` })
  expect(await address.getAttribute('href')).toBe(`/${USER}/nginx.flist`)
})

test('a link inside a flist leads to what it names, if that is there', async () => {
  const page = await open(`/${USER}/nginx.md?path=bin`)
  await follow(page.getByRole('link', { name: 'usr/bin' }))
  expect(await textOf(page.locator('h1'))).toBe('/usr/bin')
  const dangling = await open(`/${USER}/nginx.md?path=dangling`)
  expect(await dangling.locator('main').getByRole('link').count()).toBe(0)
  expect(await textOf(dangling.locator('main'))).toContain('/usr/bin/none')
})

test('tags, and links to them', async () => {
  const page = await open(`/${USER}`)
  await follow(page.getByRole('link', { name: 'stable' }))
  expect(page.url()).toBe(`${twin.url}/${USER}/tags/v1.0`)
  await follow(page.getByRole('link', { name: 'nginx.flist' }))
  expect(page.url()).toBe(`${twin.url}/${USER}/nginx.md`)
})

test('names do nothing in a page, can all be seen, and lead to what they name', async () => {
  const page = await open(`/${USER}/hostile.md`)
  expect((await names(page)).sort()).toEqual(
    [HOSTILE.element, HOSTILE.attribute, 'rtl\\u{202e}txt.exe', 'two\\u{a}lines', HOSTILE.query, 'sub <b>/'].sort(),
  )
  expect(await page.locator('script, img, b, i, [onmouseover]').count()).toBe(0)
  for (const name of [HOSTILE.element, HOSTILE.query, 'rtl\\u{202e}txt.exe', 'two\\u{a}lines']) {
    await follow(page.getByRole('link', { name, exact: true }))
    expect(await textOf(page.locator('h1'))).toBe(`/${name}`)
    expect(await textOf(page.locator('main'))).toContain('regular')
    await page.goBack()
  }
  await follow(page.getByRole('link', { name: 'sub <b>/' }))
  await follow(page.getByRole('link', { name: 'bad\ufffd' }))
  expect(await textOf(page.locator('main'))).toContain('1 byte')
})

test('a directory of many entries comes in pages', async () => {
  const page = await open(`/${USER}/many.md`)
  expect(await page.locator('tbody tr').count()).toBe(500)
  const pages = page.getByRole('navigation', { name: 'Pages' })
  expect(await textOf(pages)).toContain('1 to 500 of 1,234')
  for (const range of ['501 to 1,000 of 1,234', '1,001 to 1,234 of 1,234']) {
    await follow(pages.getByRole('link', { name: 'Next' }))
    expect(await textOf(pages)).toContain(range)
  }
  expect((await names(page)).at(-1)).toBe('file-1234')
  expect(await pages.getByRole('link', { name: 'Next' }).count()).toBe(0)
  await follow(pages.getByRole('link', { name: 'Previous' }))
  expect((await names(page))[0]).toBe('file-0501')
})

/** Run in the page: the contrast of each text with its background, as WCAG 2.2 defines it. */
const CONTRASTS = `(() => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number)
  const luminance = (color) => {
    const parts = channels(color).map((channel) => channel / 255)
    const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const background = (element) => {
    const color = getComputedStyle(element).backgroundColor
    return channels(color)[3] === 0 ? background(element.parentElement) : color
  }
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
  return [...document.querySelectorAll('body *')].filter(hasText).map((element) => {
    const both = [luminance(getComputedStyle(element).color), luminance(background(element))]
    const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)
    return { text: element.textContent, ratio }
  })
})()`

test.each(['light', 'dark'] as const)('in %s every text can be read against what is behind it', async (scheme) => {
  for (const path of ['/', `/${USER}`, `/${USER}/nginx.md`, `/${USER}/nginx.md?page=99`]) {
    const page = await open(path, scheme)
    const contrasts = await page.evaluate<{ text: string; ratio: number }[]>(CONTRASTS)
    expect(contrasts.length).toBeGreaterThan(5)
    expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([])
    if (drawings) {
      const name = `${scheme}-${path.replace(/\W+/g, '_')}.png`
      await page.screenshot({ path: join(drawings, name), fullPage: true })
    }
  }
})

/** Run in the page: what holds more than it is wide. */
const CLIPPED = `[...document.querySelectorAll('html, section, .scroll')]
  .filter((element) => element.scrollWidth > element.clientWidth).map((element) => element.textContent)`

test('on a narrow screen nothing is wider than the screen', async () => {
  for (const path of ['/', `/${USER}`, `/${USER}/nginx.md`, `/${USER}/nginx.md?path=usr/bin/nginx`]) {
    const page = await open(path, 'light', 360)
    expect(await page.evaluate(CLIPPED)).toEqual([])
    if (drawings) await page.screenshot({ path: join(drawings, `narrow-${path.replace(/\W+/g, '_')}.png`) })
  }
})

test('a keyboard reaches the content at once', async () => {
  const page = await open(`/${USER}`)
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
  expect((await page.getByRole('link', { name: 'Skip to the content' }).boundingBox())?.x).toBeGreaterThanOrEqual(0)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${twin.url}/${USER}#content`)
})
