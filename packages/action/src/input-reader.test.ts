import { afterEach, expect, test, vi } from 'vitest'
import { runBuild } from './actions/build.ts'
import { runConvert } from './actions/convert.ts'
import { runImage } from './actions/image.ts'
import { runPlan } from './actions/plan.ts'
import { runPublish } from './actions/publish.ts'
import { runVm } from './actions/vm.ts'
import { InputReader, readConversion, readHub, readRegistry } from './input-reader.ts'

const context = { progress: () => {}, signal: new AbortController().signal }

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** Gives inputs as the runner does, a variable each; what is written to the log is returned. */
function give(inputs: Readonly<Record<string, string>>): string[] {
  const log: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    log.push(String(text))
    return true
  })
  vi.stubEnv('GITHUB_REPOSITORY', 'Example/Images')
  const all = { 'hub-url': 'https://hub.grid.tf', ...inputs }
  for (const [name, value] of Object.entries(all)) vi.stubEnv(`INPUT_${name.toUpperCase()}`, value)
  return log
}

test('without a word there are no limits but the usual ones, and nothing is strict', () => {
  give({})
  expect(readConversion(new InputReader('image'))).toEqual({ startupToml: false, limits: {} })
})

test('limits and classes are those of the command line', () => {
  give({ 'max-size': '20G', 'max-ratio': '300', 'max-entries': '1000', strict: 'acl,hard-link' })
  expect(readConversion(new InputReader('image'))).toMatchObject({
    limits: { maxSize: 20 * 1024 ** 3, maxRatio: 300, maxEntries: 1000 },
    strict: new Set(['acl', 'hard-link']),
  })
})

test('everything that is wrong is said at once, before any work', async () => {
  give({ 'max-size': '1.5G', 'max-entries': '0', strict: 'false', force: 'yes' })
  const message =
    /^action inputs: "image", "hub-token" missing; .*; "force": "yes" is neither true nor false; .*"strict": no fidelity class "false"; .*; "max-size": "1.5G": no number of bytes; .*; "max-entries": "0": no whole number above zero; /
  await expect(runImage(context)).rejects.toThrow(message)
})

test('the chunks go to the host of the hub, unless told otherwise: the token goes with them', () => {
  give({ 'hub-url': 'https://hub.example/', 'hub-backend': 'zdb://data.example/x' })
  expect(readHub(new InputReader('publish'), 't')).toMatchObject({
    gateway: 'hub://hub.example:9980',
    backend: 'zdb://data.example/x',
  })
})

test('names on GHCR are made lower case, also those that were given', () => {
  give({})
  expect(readRegistry(new InputReader('build')).registry).toBe('ghcr.io/example/images')
  give({ registry: 'ghcr.io/Example/Images/' })
  expect(readRegistry(new InputReader('build')).registry).toBe('ghcr.io/example/images')
})

test('a password is masked before anything else, and so is what is sent for it', () => {
  const log = give({ 'registry-password': 'p4ss', 'registry-username': 'bob' })
  readRegistry(new InputReader('build'))
  expect(log.map((line) => line.trim())).toEqual([
    '::add-mask::p4ss',
    `::add-mask::${Buffer.from('bob:p4ss').toString('base64')}`,
  ])
})

test('credentials are given to the registry they are for, and to no other', async () => {
  give({ 'registry-password': 'p4ss', registry: 'ghcr.io/o/r' })
  const { credentials } = readRegistry(new InputReader('build'))
  expect(await credentials('ghcr.io')).toMatchObject({ password: 'p4ss' })
  expect(await credentials('docker.io')).toBe(undefined)
})

const hostile = ['$(id)', '../../etc', '-rf', '`id`', "a'b", 'a"b', '::error::x', '.', 'ü']

test.each(hostile)('%j is the name of no image, leg or machine', async (name) => {
  give({ images: name })
  await expect(runBuild(context)).rejects.toThrow('is no name')
  give({ images: 'nginx', leg: name })
  await expect(runBuild(context)).rejects.toThrow('is no name')
  give({ name, 'hub-token': 't' })
  await expect(runVm(context)).rejects.toThrow('is no name')
})

test.each([
  [{ leg: '0-00', source: 'debian:12' }, '"leg" and "source" are both given'],
  [{}, 'neither "leg" nor "source"'],
  [{ source: 'debian:12' }, '"source" without "flist-name"'],
  [{ source: 'debian:12', 'flist-name': 'debian' }, 'does not end with .flist'],
  [{ leg: '0-00', 'registry-username': 'bob' }, '"registry-username" without "registry-password"'],
])('convert refuses %j', async (inputs, problem) => {
  give(inputs)
  await expect(runConvert(context)).rejects.toThrow(problem)
})

test.each([
  [{ 'hub-token': 't', leg: '0-00', flist: 'a.flist' }, '"leg" and "flist" are both given'],
  [{ 'hub-token': 't' }, 'neither "leg" nor "flist"'],
  [{ 'hub-token': 't', flist: 'a.flist' }, '"flist" needs "chunks" and "flist-name"'],
  [{ 'hub-token': 't', leg: '0-00', link: 'a.flist' }, 'are for "flist" alone'],
  [{ 'hub-token': 't', leg: '0-00', force: 'true', 'dry-run': 'true' }, 'a dry run forces nothing'],
  [{ leg: '0-00' }, '"hub-token" missing; set it under "with:" in the workflow (secrets are empty in runs from forks)'],
])('publish refuses %j', async (inputs, problem) => {
  give(inputs)
  await expect(runPublish(context)).rejects.toThrow(problem)
})

test.each([
  [{ legs: '257' }, '"legs": 257 are more than the 256 a matrix of GitHub can have'],
  [{ waves: '3' }, 'there are outputs for 2 only'],
])('plan refuses %j', async (inputs, problem) => {
  give(inputs)
  await expect(runPlan(context)).rejects.toThrow(problem)
})

test('a machine is not published without a token', async () => {
  give({ name: 'debian-12', publish: 'true', snapshot: '20260101T000000Z' })
  await expect(runVm(context)).rejects.toThrow(
    /"hub-token" missing; set it, or "publish: false"; "snapshot" without "mirror"/,
  )
})
