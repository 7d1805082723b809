import { expect, test } from 'vitest'
import { imageCommand, imageEnvironment, imageMetadata } from './image-metadata.ts'

const origin = {
  digest: 'sha256:d',
  imageId: 'sha256:i',
  platform: 'linux/amd64',
  converter: '1',
  treeHash: 't',
  contentHash: 'c',
}

test('the command is ENTRYPOINT followed by CMD', () => {
  expect(imageCommand({ Entrypoint: ['/init', '-v'], Cmd: ['serve', 'now'] })).toEqual(['/init', '-v', 'serve', 'now'])
  expect(imageCommand({ Entrypoint: null, Cmd: ['sh'] })).toEqual(['sh'])
  expect(imageCommand({})).toEqual([])
})

test('environment values may hold "="; a name alone is empty', () => {
  expect(imageEnvironment({ Env: ['A=x=y', 'B=', 'C', 'A=z'] })).toEqual({ A: 'z', B: '', C: '' })
})

test('every config field has a row', () => {
  const config = {
    Entrypoint: ['/sbin/init'],
    Env: ['PATH=/bin'],
    ExposedPorts: { '80/tcp': {}, '53/udp': {}, '443': {} },
    Volumes: { '/data': {} },
    Labels: { 'org.opencontainers.image.description': 'A server', z: '1', a: '2' },
    User: '1000:1000',
    WorkingDir: '/srv',
    StopSignal: 'SIGQUIT',
    Healthcheck: { Test: ['CMD', 'true'], Retries: 3 },
  }
  expect(imageMetadata(config, origin, { host: 'h', port: 9900, namespace: 'default' })).toEqual({
    backend: { namespace: 'default', host: 'h', port: 9900 },
    entrypoint: ['/sbin/init'],
    environ: { PATH: '/bin' },
    port: { 'tcp/443': 443, 'udp/53': 53, 'tcp/80': 80 },
    volume: { '/data': {} },
    readme: { readme: 'A server' },
    image: {
      ...origin,
      user: '1000:1000',
      workingDir: '/srv',
      stopSignal: 'SIGQUIT',
      healthcheck: { Test: ['CMD', 'true'], Retries: 3 },
      labels: { a: '2', 'org.opencontainers.image.description': 'A server', z: '1' },
    },
  })
})

test('an empty config leaves only the origin', () => {
  expect(imageMetadata({ Env: [], ExposedPorts: null, Volumes: {} }, origin)).toEqual({ image: origin })
})
