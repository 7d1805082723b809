import { expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { parseImageConfig } from './image-config.ts'

const DIFF_ID = `sha256:${'0'.repeat(64)}`
const MINIMAL = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [DIFF_ID] } }

function parse(value: unknown, layers = 1) {
  return parseImageConfig(Buffer.from(JSON.stringify(value)), layers, 'r.io/a:1 config')
}

test('what the specification and Docker name is read, the rest left out and named', () => {
  const config = {
    User: '1000:1000',
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    Env: ['PATH=/bin', 'EMPTY='],
    Entrypoint: ['/init'],
    Cmd: ['a', 'b'],
    Volumes: { '/data': {} },
    WorkingDir: '/srv',
    Labels: { a: 'b' },
    StopSignal: 'SIGTERM',
    Healthcheck: { Test: ['CMD', 'true'], Interval: 30_000_000_000 },
    OnBuild: ['RUN true'],
    Shell: ['/bin/bash', '-c'],
  }
  const history = [{ created: '2024-01-01T00:00:00Z', created_by: 'RUN x', empty_layer: true }, { comment: 'c' }]
  const document = { ...MINIMAL, variant: 'v1', created: '2024-01-01T00:00:00Z', author: 'me', config, history }
  const others = { Hostname: 'h', ArgsEscaped: true, Domainname: '', Tty: false, Image: null, Links: [], Memory: 0 }
  expect(parse({ ...document, container: 'x', config: { ...config, ...others } })).toEqual({
    ...document,
    otherConfigFields: ['ArgsEscaped', 'Hostname'],
  })
})

test('null and absent are the same, as engines write both', () => {
  const config = { User: '', Env: null, Entrypoint: null, Cmd: null, Volumes: null, Labels: null, ExposedPorts: null }
  expect(parse({ ...MINIMAL, config, history: null })).toEqual({ ...MINIMAL, config: {}, history: [] })
  expect(parse({ ...MINIMAL, config: null })).toEqual({ ...MINIMAL, config: {}, history: [] })
})

test('an image without layers has no diff ids, which Go may write as null', () => {
  expect(parse({ ...MINIMAL, rootfs: { type: 'layers', diff_ids: null } }, 0).rootfs.diff_ids).toEqual([])
})

test('a health check that is nested is refused, however deep', async () => {
  const nested = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
  const text = JSON.stringify({ ...MINIMAL, config: { Healthcheck: { Test: ['CMD'], a: 'HERE' } } })
  const error = await failure(() => parseImageConfig(Buffer.from(text.replace('"HERE"', nested)), 1, 'r.io/a:1 config'))
  expect(error).toMatchObject({
    code: 'bad-manifest',
    problems: ['config.Healthcheck: the value of "a" is neither simple nor a list of simple values'],
  })
})

test.each<[string, unknown, string[]]>([
  ['nothing', {}, ['os is missing', 'architecture is missing', 'rootfs is missing']],
  [
    'another number of diff ids',
    { ...MINIMAL, rootfs: { type: 'layers', diff_ids: [] } },
    ['rootfs.diff_ids has 0 entries and the manifest 1 layers'],
  ],
  [
    'a strange diff id',
    { ...MINIMAL, rootfs: { type: 'layers', diff_ids: ['x\n'] } },
    ['rootfs.diff_ids[0] "x\\n" is not a digest'],
  ],
  [
    'a number as diff id',
    { ...MINIMAL, rootfs: { type: 'layers', diff_ids: [1] } },
    ['rootfs.diff_ids[0] is not a digest'],
  ],
  ['another rootfs', { ...MINIMAL, rootfs: { type: 'x', diff_ids: [DIFF_ID] } }, ['rootfs.type is not "layers"']],
  [
    'wrong types',
    { ...MINIMAL, os: 1, config: { Env: 'A=b', Cmd: [1], Labels: { a: {} }, Volumes: [], User: 0 }, history: [1] },
    [
      'os is not a text',
      'config.User is not a text',
      'config.Env is not a list of texts',
      'config.Cmd is not a list of texts',
      'config.Volumes is not an object',
      'config.Labels: the value of "a" is not a text',
      'history[0] is not an object',
    ],
  ],
])('refuses %s with every problem', async (_, document, problems) => {
  const error = await failure(() => parse(document))
  expect(error).toMatchObject({ code: 'bad-manifest', problems })
  expect(error.message).toMatch(/^r\.io\/a:1 config: /)
})
