import { expect, test } from 'vitest'
import type { HubAnswer } from './answers.ts'
import { explainFailure } from './failures.ts'

const answer = (status: number, text: string, location?: string): HubAnswer => ({ status, text, location })

const handler = (message: string): string => JSON.stringify({ status: 'error', message })
const page = (title: string): string =>
  `<!doctype html>\n<html lang=en>\n<title>${title}</title>\n<h1>…</h1>\n<p>Much more text.</p>\n`

test.each([
  [
    401,
    '{"message":"invalid signature","status":"error"}',
    'unauthorized',
    'refused (401: invalid signature); use a token of this hub',
  ],
  [403, '{"message":"invalid token","status":"error"}', 'unauthorized', 'refused (403: invalid token); use a token'],
  [
    400,
    '{"message":"invalid authorization header","status":"error"}',
    'unauthorized',
    'refused (400: invalid authorization header)',
  ],
  [
    400,
    '{"message":"readonly mode","status":"error"}',
    'rejected',
    'refused (400: readonly mode); the hub takes no writes now',
  ],
  [401, handler('link destination is already a file'), 'is-a-file', 'delete the flist of that name first'],
  [
    500,
    handler('unauthorized upload, contents is not fully present on backend'),
    'chunks-missing',
    "store the flist's chunks",
  ],
  [500, handler('this file is not allowed'), 'name-refused', 'refused (500: this file is not allowed)'],
  [500, handler('no file found'), 'rejected', 'refused (500: no file found)'],
  [404, handler('source not found'), 'not-found', 'not found (404: source not found)'],
  [404, page('404 Not Found'), 'server', 'this is not a hub (404: 404 Not Found)'],
  [405, page('405 Method Not Allowed'), 'server', '(405: 405 Method Not Allowed)'],
  [
    500,
    page('500 Internal Server Error'),
    'server',
    'the hub failed, or this is not a hub (500: 500 Internal Server Error); look at the log',
  ],
  [500, '{"status": "success"}', 'server', '(500: "success", which with this status is a failure)'],
  [200, 'pong', 'server', '(200: pong)'],
  [502, '', 'server', '(502: an empty answer)'],
] as const)('%i %s is %s', (status, text, code, said) => {
  expect(explainFailure(answer(status, text))).toEqual({ code, text: expect.stringContaining(said) })
})

test('a redirect is told with where to', () => {
  const { code, text } = explainFailure(answer(301, '', 'https://hub.example/'))
  expect({ code, text }).toEqual({
    code: 'server',
    text: 'redirected to "https://hub.example/" (301); use the URL of the hub itself',
  })
})

test("a debugger's page of many lines is shortened to one", () => {
  const { text } = explainFailure(answer(500, `<p>${'Traceback\n\u001b[31m '.repeat(5000)}</p>`))
  expect(text).toMatch(/^the hub failed, or this is not a hub \(500: Traceback \P{Cc}{100,220}…\); /u)
})

test('a page of angle brackets is summed up at once', () => {
  const start = performance.now()
  expect(explainFailure(answer(500, '<'.repeat(1 << 20))).text).toContain('the hub failed, or this is not a hub')
  expect(performance.now() - start).toBeLessThan(2000)
})
