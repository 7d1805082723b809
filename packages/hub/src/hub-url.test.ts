import { expect, test } from 'vitest'
import { parseHubUrl, parseToken } from './hub-url.ts'

test.each([
  ['https://hub.grid.tf', 'https://hub.grid.tf'],
  ['https://hub.grid.tf/', 'https://hub.grid.tf'],
  ['http://127.0.0.1:5555//', 'http://127.0.0.1:5555'],
  ['http://example.org/hub', 'http://example.org/hub'],
  ['http://example.org/hub/', 'http://example.org/hub'],
])('%s is %s', (text, url) => {
  expect(parseHubUrl(text)).toBe(url)
})

test.each([
  ['hub.grid.tf', 'hub URL "hub.grid.tf": not an http or https URL; use one like "https://hub.grid.tf"'],
  ['ftp://user:hidden@hub', 'hub URL "ftp://***@hub": not an http or https URL; use one like "https://hub.grid.tf"'],
  ['https://user:hidden@hub', 'hub URL of hub: holds credentials; leave them out, the token is given apart'],
])('%s is refused', (text, message) => {
  expect(() => parseHubUrl(text)).toThrow(expect.objectContaining({ code: 'bad-options', message }))
})

test('blanks around a token are cut', () => {
  expect(parseToken(' abc_-=\n')).toBe('abc_-=')
})

test.each(['', ' \n', 'two words', 'line\nbreak', 'töken'])('%j is no token, and is not shown', (text) => {
  const refused = expect.objectContaining({
    code: 'bad-options',
    message: expect.not.stringContaining(text.trim() || '*'),
  })
  expect(() => parseToken(text)).toThrow(refused)
})
