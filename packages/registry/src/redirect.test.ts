import { expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { redirectTarget } from './redirect.ts'

const FROM = new URL('https://ghcr.io/v2/o/a/blobs/x?a=b')

test.each([
  ['https://cdn.example/blob?sig=1', 'https://cdn.example/blob?sig=1'],
  ['/other', 'https://ghcr.io/other'],
  ['//cdn.example/x', 'https://cdn.example/x'],
  ['y', 'https://ghcr.io/v2/o/a/blobs/y'],
  ['https://2130706433/', 'https://127.0.0.1/'],
])('%s leads to %s', (location, expected) => {
  expect(redirectTarget('GET', FROM, location, 'blob').href).toBe(expected)
})

test.each<[string, string | undefined, string]>([
  ['GET', undefined, 'redirects without saying where to'],
  ['GET', 'https://[', 'redirects to something that is not a URL'],
  ['GET', 'http://cdn.example/x', 'redirects from https to http://cdn.example, which is not encrypted'],
  ['GET', 'file:///etc/passwd', 'redirects to a URL of the scheme "file:"'],
  ['GET', 'data:,x', 'redirects to a URL of the scheme "data:"'],
  ['GET', 'https://user:secret@cdn.example/', 'redirects to a URL that has a user name in it'],
  ['PUT', 'https://cdn.example/', 'redirects a PUT, which is not followed'],
  ['POST', '/x', 'redirects a POST, which is not followed'],
])('%s to %s is refused', async (method, location, problem) => {
  const error = await failure(() => redirectTarget(method, FROM, location, 'ghcr.io/o/a blob'))
  expect(error.code).toBe('redirect-refused')
  expect(error.message).toBe(
    `ghcr.io/o/a blob: https://ghcr.io ${problem}; ask the people who run the registry to repair it`,
  )
})
