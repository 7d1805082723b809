import { afterEach, expect, test, vi } from 'vitest'
import { readInputs } from './inputs.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** Reads inputs as the runner gives them: a variable each, the defaults of action.yml included. */
function read(inputs: Readonly<Record<string, string>>) {
  // masking is a line on stdout
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  vi.stubEnv('GITHUB_REPOSITORY', 'Example/Images')
  const defaults = { 'hub-url': 'https://hub.grid.tf', force: 'false', 'startup-toml': 'false' }
  const all = { image: 'nginx', 'hub-token': 'token', ...defaults, ...inputs }
  for (const [name, value] of Object.entries(all)) vi.stubEnv(`INPUT_${name.toUpperCase()}`, value)
  return readInputs()
}

test('without a word there are no limits but the usual ones, and nothing is strict', () => {
  const { limits, strict } = read({})
  expect(limits).toEqual({})
  expect(strict).toBe(undefined)
})

test('limits and classes are those of the command line', () => {
  const { limits, strict } = read({
    'max-size': '20G',
    'max-ratio': '300',
    'max-entries': '1000',
    strict: 'acl,hard-link',
  })
  expect(limits).toEqual({ maxSize: 20 * 1024 ** 3, maxRatio: 300, maxEntries: 1000 })
  expect(strict).toEqual(new Set(['acl', 'hard-link']))
})

test('everything that is wrong is said at once', () => {
  expect(() => read({ image: '', 'max-size': '1.5G', 'max-entries': '0', strict: 'false' })).toThrow(
    /^action inputs: "image" missing; .*; "strict": no fidelity class "false"; .*; "max-size": "1.5G": no number of bytes; .*; "max-entries": "0": no whole number above zero; /,
  )
})

test('the chunks go to the host of the hub, unless told otherwise: the token goes with them', () => {
  expect(read({}).hub).toMatchObject({ gateway: 'hub://hub.grid.tf:9980', backend: 'zdb://hub.grid.tf:9900/default' })
  const { hub } = read({ 'hub-url': 'https://hub.example/', 'hub-backend': 'zdb://data.example/x' })
  expect(hub).toMatchObject({ gateway: 'hub://hub.example:9980', backend: 'zdb://data.example/x' })
})
