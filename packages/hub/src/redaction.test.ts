import { expect, test } from 'vitest'
import { redactionOf } from './redaction.ts'

const SECRET = 'ab+c/"d=='

test.each([
  [`bearer ${SECRET}`, 'bearer ***'],
  [`/login?token=${encodeURIComponent(SECRET)}`, '/login?token=***'],
  [JSON.stringify({ header: SECRET }), '{"header":"***"}'],
  ['nothing', 'nothing'],
])('%s is shown as %s', (text, shown) => {
  expect(redactionOf(SECRET).text(text)).toBe(shown)
})

test('an error that carries it anywhere is not shown', () => {
  const { allows } = redactionOf(SECRET)
  expect(allows(new Error('harmless'))).toBe(true)
  expect(allows(new Error('deep', { cause: Object.assign(new Error('x'), { data: [SECRET] }) }))).toBe(false)
})

test('without a secret everything is as it is', () => {
  expect(redactionOf(undefined).text('abc')).toBe('abc')
})
