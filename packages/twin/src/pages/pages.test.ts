import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { call, publish, testTwin } from '../test-twin.ts'
import { toyFlist } from '../toy-flist.ts'

const USER = 'alice.3bot'

async function stocked(options: Parameters<typeof testTwin>[0] = {}) {
  const twin = await testTwin(options)
  await publish(twin, USER, 'a.flist', 'x')
  await call(twin, '/api/flist/me/a/link/l', USER)
  return twin
}

test('pages load nothing, run nothing and can not be framed', async () => {
  const twin = await stocked()
  for (const path of ['/', `/${USER}`, `/${USER}/a.md`, `/${USER}/a.flist.md`]) {
    const { status, headers, text } = await call(twin, path)
    expect(status).toBe(200)
    expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8')
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    const policy = headers.get('Content-Security-Policy')
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; img-src data:; base-uri 'none'; form-action/)
    expect(policy).toContain("frame-ancestors 'none'")
    expect(text).not.toMatch(/<script|\son\w+=|style="/)
  }
})

test('a page of what is not there is a 404', async () => {
  const twin = await stocked()
  for (const path of ['/nobody', '/api', `/${USER}/none.md`, `/nobody/a.md`, `/${USER}/tags/none`, '/nobody/tags/x']) {
    expect((await call(twin, path)).status).toBe(404)
  }
  const missing = await call(twin, `/${USER}/a.md?path=etc/none`)
  expect(missing).toMatchObject({ status: 404, text: expect.stringContaining('The flist has nothing at') })
})

test('a flist that can not be read, and a link that leads nowhere, have a page that says so', async () => {
  const twin = await stocked()
  await writeFile(join(twin.root, 'users', USER, 'broken.flist'), 'garbage')
  await call(twin, '/api/flist/me/a', USER, { method: 'DELETE' })
  for (const [name, text] of [
    ['broken', 'This flist can not be read.'],
    ['l', 'This flist can not be read: the link leads nowhere.'],
  ]) {
    const page = await call(twin, `/${USER}/${name}.md`)
    expect(page.status).toBe(200)
    expect(page.text).toContain(text)
  }
})

test.each(['0', '-1', '1.5', 'x', '99999999999999999999', ''])('page=%s is a page, too', async (page) => {
  const twin = await stocked()
  expect((await call(twin, `/${USER}/a.md?page=${page}`)).status).toBe(200)
})

test.each(['%00', '..%2f..', '%ff', '%', '//', 'a%0d%0aX: y'])(
  'path=%s finds nothing and breaks nothing',
  async (path) => {
    const twin = await stocked()
    const { status, headers } = await call(twin, `/${USER}/a.md?path=${path}`)
    expect([200, 404]).toContain(status)
    expect(headers.get('X')).toBeNull()
  },
)

test('names of repositories and flists are escaped, whatever made them', async () => {
  const twin = await stocked()
  const name = '"><img src=x onerror=alert(1)>&'
  await mkdir(join(twin.root, 'users', name))
  await writeFile(join(twin.root, 'users', name, `${name}.flist`), toyFlist({}))
  for (const path of [
    '/',
    `/${encodeURIComponent(name)}`,
    `/${encodeURIComponent(name)}/${encodeURIComponent(name)}.md`,
  ]) {
    const { status, text } = await call(twin, path)
    expect(status).toBe(200)
    expect(text).not.toContain('<img')
    expect(text).toContain('&quot;&gt;&lt;img src=x onerror=alert(1)&gt;&amp;')
  }
})

test('a strict twin and a read-only one say so', async () => {
  const strict = await stocked({ strict: true })
  expect((await call(strict, '/')).text).toContain('<span class="badge">strict</span>')
  const readonly = await testTwin({ readonly: true })
  const { text } = await call(readonly, '/')
  expect(text).toContain('<span class="badge">read-only</span>')
  expect(text).toContain('Nothing was stored yet')
})
