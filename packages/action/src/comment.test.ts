import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand } from '../../../test/harness/command.ts'

type Call = { readonly method: string; readonly path: string; readonly body: string }

/** Writes the comment in a process of its own, as its library reads the event when it is loaded. */
async function comment(existing: readonly object[], status = 200): Promise<{ calls: Call[]; output: string }> {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (bytes) => parts.push(bytes))
    request.on('end', () => {
      const { method = '', url = '' } = request
      calls.push({ method, path: url.split('?')[0] ?? '', body: Buffer.concat(parts).toString() })
      const answer = method === 'GET' ? existing : { html_url: 'https://github.example/c/1' }
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const folder = await mkdtemp(join(tmpdir(), 'flist-comment-'))
  try {
    const event = join(folder, 'event.json')
    await writeFile(event, JSON.stringify({ pull_request: { number: 7, title: '$(id)' } }))
    const code = `import { changeComment } from ${JSON.stringify(join(import.meta.dirname, 'comment.ts'))}
console.log(await changeComment('token', 'text'))`
    const { stdout, stderr } = await runCommand(process.execPath, ['--input-type=module-typescript', '--eval', code], {
      env: {
        GITHUB_API_URL: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
        GITHUB_EVENT_PATH: event,
        GITHUB_REPOSITORY: 'o/r',
      },
    })
    return { calls, output: stdout + stderr }
  } finally {
    server.close()
    await rm(folder, { recursive: true })
  }
}

const MARKER = '<!-- tf-images: what this changes -->'

test('a pull request without a comment gets one', async () => {
  const { calls, output } = await comment([])
  expect(output).toContain('https://github.example/c/1')
  expect(calls.at(-1)).toMatchObject({ method: 'POST', path: '/repos/o/r/issues/7/comments' })
  expect(JSON.parse(calls.at(-1)?.body ?? '').body).toBe(`${MARKER}\ntext`)
})

test('the next time it is that one which changes, and never that of a person who wrote the marker', async () => {
  const person = { id: 1, body: `${MARKER} hi`, user: { type: 'User' } }
  const { calls } = await comment([person, { id: 2, body: `${MARKER}\nold`, user: { type: 'Bot' } }])
  expect(calls.at(-1)).toMatchObject({ method: 'PATCH', path: '/repos/o/r/issues/comments/2' })
})

test('a token that may not write is a warning', async () => {
  const { output } = await comment([], 403)
  expect(output).toMatch(/::warning::no comment was written: .*pull-requests: write/)
})
