import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseChallenges } from './challenge.ts'

test.each<[string, [string, Record<string, string>][]]>([
  ['', []],
  ['Basic realm="x"', [['basic', { realm: 'x' }]]],
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    [
      [
        'bearer',
        { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:a/b:pull,push' },
      ],
    ],
  ],
  ['bEaReR REALM = "r" , Service = s', [['bearer', { realm: 'r', service: 's' }]]],
  ['Bearer realm=https://x/token,service=s', [['bearer', { realm: 'https://x/token', service: 's' }]]],
  ['Bearer realm="a \\"quoted\\" \\\\ text"', [['bearer', { realm: 'a "quoted" \\ text' }]]],
  ['Bearer realm=""', [['bearer', { realm: '' }]]],
  [
    'Basic realm="a, b=c", Bearer realm="x",service="y"',
    [
      ['basic', { realm: 'a, b=c' }],
      ['bearer', { realm: 'x', service: 'y' }],
    ],
  ],
  [
    'Negotiate, Basic realm="x"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  [
    'Negotiate YWJj==, Basic realm="x"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  [', ,Basic realm="x",,', [['basic', { realm: 'x' }]]],
  ['Bearer realm="never closed', [['bearer', {}]]],
  ['="nothing here"', []],
])('%s', (header, expected) => {
  const parsed = parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])
  expect(parsed).toEqual(expected)
})

test('any header is read to an end', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'B', ' ', ',', '=', '"', '\\', '/', '~'), maxLength: 200 }),
      (header) => {
        expect(parseChallenges(header).length).toBeLessThanOrEqual(header.length)
      },
    ),
  )
})

test('a long header takes no time', () => {
  const started = performance.now()
  parseChallenges(`Bearer a="${'\\x'.repeat(50_000)}`)
  parseChallenges(`${'a '.repeat(50_000)}=`)
  expect(performance.now() - started).toBeLessThan(1000)
})
